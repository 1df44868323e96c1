"""Expressions that are plain sequences: see the module."""

cdef list plain_sequence(bytes pattern)
cdef bytes literal_ending(bytes pattern)
