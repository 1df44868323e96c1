"""Messages to core tables. What the core cannot express is refused here, never ignored."""

from __future__ import annotations

from fastroute import late

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = late.modules(
        __name__,
        (
            "bodies",
            "cluster_specifiers",
            "cluster_types",
            "connection_matchers",
            "filter_configs",
            "formatter",
            "fractions",
            "matcher_customs",
            "matcher_trees",
            "path_matches",
            "predicates",
            "redirects",
            "regexes",
            "rewrites",
            "string_matchers",
            "subsets",
            "timeouts",
            "typed_policies",
        ),
    )
