"""The headers of a request as routes and upstreams see them, after the connection manager."""

from ipaddress import IPv4Network, IPv6Network
from typing import final

from fastroute.core.strings import StringMatcher

@final
class HeaderProcessing:
    """What an HTTP connection manager does to headers. Read-only; Envoy's defaults unless given.

    The options are the fields of HttpConnectionManager: `use_remote_address`, `xff_num_trusted_hops`,
    `skip_xff_append`, `internal_address_config` (as networks), `scheme_to_overwrite`, `append_x_forwarded_port`,
    `via`, `forward_client_cert_details` (always, or with mTLS), `generate_request_id`,
    `preserve_external_request_id` and `early_header_mutation_extensions`.

    `mutations` are triples (kind, name, value). Kinds: `remove`; `remove_matching`, of which the name is a
    `StringMatcher` over names; `append`, `add_absent`, `set` and `set_present`. Any other kind does nothing.

    `detections` are triples of the `original_ip_detection_extensions`: a header and whether its address is trusted to
    be internal; or None and the trusted hops in x-forwarded-for. The first that finds an address counts.

    `raw` leaves the headers and the scheme as they were given: a request that came out of a manager already.
    """

    @property
    def use_remote_address(self) -> bool: ...
    @property
    def trusted_hops(self) -> int: ...
    @property
    def skip_append(self) -> bool: ...
    @property
    def internal_ranges(self) -> tuple[IPv4Network | IPv6Network, ...]: ...
    @property
    def scheme_overwrite(self) -> bytes: ...
    @property
    def append_port(self) -> bool: ...
    @property
    def via(self) -> bytes: ...
    @property
    def keep_client_cert(self) -> bool: ...
    @property
    def client_cert_on_mtls(self) -> bool: ...
    @property
    def generate_id(self) -> bool: ...
    @property
    def keep_external_id(self) -> bool: ...
    @property
    def mutations(self) -> tuple[tuple[str, bytes | StringMatcher, bytes], ...]: ...
    @property
    def detections(self) -> tuple[tuple[bytes | None, int, bool], ...]: ...
    @property
    def raw(self) -> bool: ...
    @property
    def keep_expect(self) -> bool: ...
    def __new__(
        cls,
        *,
        use_remote_address: bool = False,
        trusted_hops: int = 0,
        skip_append: bool = False,
        internal_ranges: tuple[IPv4Network | IPv6Network, ...] = (),
        scheme_overwrite: bytes = b"",
        append_port: bool = False,
        via: bytes = b"",
        keep_client_cert: bool = False,
        client_cert_on_mtls: bool = False,
        generate_id: bool = True,
        keep_external_id: bool = False,
        mutations: tuple[tuple[str, bytes | StringMatcher, bytes], ...] = (),
        detections: tuple[tuple[bytes | None, int, bool], ...] = (),
        raw: bool = False,
        keep_expect: bool = False,
    ) -> HeaderProcessing: ...
