"""The pilot: from Kubernetes and Istio objects to the configuration that Envoy routes by.

It produces messages and never reads them back; the routing engine knows nothing of it.
"""
