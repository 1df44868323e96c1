"""What surrounds a request: facts of its connection, dynamic metadata and filter state."""

from collections.abc import Mapping
from typing import Any, final

@final
class Context:
    """The surroundings of a request, built once per connection where nothing else differs. Read-only.

    `source` is the client's address and port (after PROXY protocol), `direct_source` the socket's peer, the same
    unless given; `destination` the address that the connection was made to; `restored` is the same where a
    listener filter restored it: there alone an ORIGINAL_DST cluster finds its host; `local_address` is that of Envoy's
    machine, if known. `tls` says that the connection is encrypted, `presented` and `validated` what is known of the
    client's certificate (`RouteMatch.tls_context`). `http2` says that the request came over HTTP/2 or later.
    `dynamic_metadata` maps filter names to values, `filter_state` keys to their text. `server_name` is what the TLS
    inspector found, `certificate` what the handshake told of the client's certificate: the embedder's own object,
    handed on as it is.
    """

    @property
    def source(self) -> tuple[str, int] | None: ...
    @property
    def direct_source(self) -> tuple[str, int] | None: ...
    @property
    def destination(self) -> tuple[str, int] | None: ...
    @property
    def restored(self) -> tuple[str, int] | None: ...
    @property
    def local_address(self) -> str | None: ...
    @property
    def tls(self) -> bool: ...
    @property
    def presented(self) -> bool: ...
    @property
    def validated(self) -> bool: ...
    @property
    def http2(self) -> bool: ...
    @property
    def server_name(self) -> str: ...
    @property
    def certificate(self) -> Any: ...
    @property
    def dynamic_metadata(self) -> Mapping[str, object]: ...
    @property
    def filter_state(self) -> Mapping[str, str]: ...
    def __new__(
        cls,
        *,
        source: tuple[str, int] | None = None,
        direct_source: tuple[str, int] | None = None,
        destination: tuple[str, int] | None = None,
        restored: tuple[str, int] | None = None,
        tls: bool = False,
        presented: bool = False,
        validated: bool = False,
        http2: bool = False,
        dynamic_metadata: Mapping[str, object] | None = None,
        filter_state: Mapping[str, str] | None = None,
        server_name: str = "",
        certificate: object = None,
        local_address: str | None = None,
    ) -> Context: ...
