"""Regular expressions that are plain sequences, which are matched in one pass without RE2. For extension modules."""

__pyx_capi__: dict[str, object]
