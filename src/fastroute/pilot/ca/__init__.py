"""The mesh's own certificate authority: identities, certificates, and the tokens that workloads show for them.

Needs the extra `pilot` (cryptography). `store` is the directory, `authority` signs, `tokens` judges who asks; the
discovery server puts them on the wire, `fastroute pilot token` writes tokens where no Kubernetes does.
"""
