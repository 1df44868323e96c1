"""The wire format and the plain forms of texts, read and written in C; stubs with docstrings are beside this file.

Nothing here knows protobuf or Envoy: the callers hand over plain tables of field numbers. What is out of the
ordinary is left to the callers' own slower ways, which also are who words every error.
"""
