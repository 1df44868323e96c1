"""One small example of every rule of HTTP routing, with its ID: rows for tests against Envoy."""
