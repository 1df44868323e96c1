"""Path normalisation: what the connection manager makes of a path before routing."""

__pyx_capi__: dict[str, object]

def normalised(path: bytes, *, unescape: bool = False, canonical: bool = False, merge: bool = False) -> bytes | None:
    """`path`, of which the query stays as it is, after the given steps; `None` where it has %00 (400).

    `unescape` turns %2F and %5C into slashes (`path_with_escaped_slashes_action`), `canonical` is `normalize_path`,
    `merge` is `merge_slashes`.
    """
