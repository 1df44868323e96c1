"""From what a proxy sees to resources: clusters, endpoints, listeners and routes.

Generators build plain mappings in the JSON form of the Envoy API; `messages` turns them into messages.
"""
