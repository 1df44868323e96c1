"""Expressions that are plain sequences: see the module."""

cdef list plain_sequence(bytes pattern)
