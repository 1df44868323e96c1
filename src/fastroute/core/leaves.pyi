"""Which balancer a policy needs; used from C only."""

__pyx_capi__: dict[str, object]
