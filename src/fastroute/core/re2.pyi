"""The linked RE2 library as functions of C, for `fastroute.core.regexes`.

There is no such module where the build had no libre2.
"""

FUNCTIONS: object
"""A capsule of the structure `Re2` of `re2.pxd`."""
