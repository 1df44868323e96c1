"""The agent of a pod: its Envoy's bootstrap, its process, its sockets and its health."""
