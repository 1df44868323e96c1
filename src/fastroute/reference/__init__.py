"""The rules of Envoy 1.40 as a plain walk over messages, step by step.

This package is slow on purpose: it reads the configuration in Envoy's own order and writes down what
it looks at. It is what `explain` shows, and the oracle that the compiled core is tested against.
One matcher kind a file; every file opens with its rules and their IDs in docs/compatibility.md.
"""
