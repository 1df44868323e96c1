"""A mesh on one machine: pods as network namespaces, with real rules, real agents and real Envoys.

| module | idea |
|---|---|
| run | names and places of one run, and what killed runs left |
| needs | why it cannot run here |
| spaces, network | namespaces, and the wires between them |
| users | a process as another user, without privileges |
| processes | a process with its log, ended in order |
| control | the discovery server and its directory of manifests |
| pods | a pod as a kubelet starts it: init container, proxy, application |
| application, caller | programs inside the pods, each a file of its own |
| access_log | what Envoys wrote |
| journey | what fastroute says about one request from process to process |
| compare | each line of each Envoy beside what `Router` says |
| walk, changes | the twelve steps, and changes while it runs |

Needs root, iproute2, iptables, setpriv and an Envoy; `needs.missing` says what is not there.
"""
