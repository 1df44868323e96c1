"""Injection of the init container and the proxy into Kubernetes manifests."""
