"""The Envoy API as data: descriptors, type URLs and constraint rules."""
