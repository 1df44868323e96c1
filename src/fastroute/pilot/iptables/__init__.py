"""Redirection of a pod's traffic to its Envoy: rules, their interpreter, their application."""
