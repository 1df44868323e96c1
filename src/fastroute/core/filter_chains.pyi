"""From a connection to its filter chain: listeners, their listener filters, hand-off, the match."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, final

from fastroute.core.chain import Chain, ChainEntry
from fastroute.core.sieve import Sieve
from fastroute.request import Connection

HTTP_PROTOCOLS: frozenset[str]
INTERNAL: str
KINDS: dict[str, int]

@final
class ListenerFilter:
    """One listener filter. `disabled`: whether it is skipped for a destination port."""

    name: str
    disabled: Callable[[int], bool] | None
    options: object

    def __new__(
        cls, name: str, kind: str, disabled: Callable[[int], bool] | None = None, options: object = None
    ) -> ListenerFilter: ...

@final
class Listener:
    """A compiled listener; built by `fastroute.compile.listeners`.

    `addresses`: IP text, port, and whether IPv4 connections are taken too. `hands_off`: the field
    `use_original_dst`. `continues` and `waits`: what happens when a listener filter lacks bytes.
    `sieve`: nested mappings. `matcher`: the name of the chain for a connection, None for no match.
    """

    name: str
    addresses: tuple[tuple[str, int, bool], ...]
    internal_name: str
    bound: bool
    hands_off: bool
    continues: bool
    waits: bool
    filters: tuple[ListenerFilter, ...]
    entries: tuple[ChainEntry, ...]
    default_entry: ChainEntry | None
    sieve: Sieve
    matcher: Callable[[Chain], str | None] | None

    def __new__(
        cls,
        *,
        name: str,
        addresses: Iterable[tuple[str, int, bool]],
        internal_name: str = "",
        bound: bool = True,
        hands_off: bool = False,
        continues: bool = False,
        waits: bool = False,
        filters: Iterable[ListenerFilter] = (),
        entries: Iterable[ChainEntry] = (),
        default_entry: ChainEntry | None = None,
        sieve: Mapping[Any, Any] | None = None,
        matcher: Callable[[Chain], str | None] | None = None,
    ) -> Listener: ...

@final
class Arrival:
    """What one connection brings, while it is being looked up."""

@final
class ListenerTable:
    """All listeners; immutable."""

    listeners: tuple[Listener, ...]

    def __new__(cls, listeners: Iterable[Listener]) -> ListenerTable: ...
    def connect(self, connection: Connection, random: int | Callable[[], int] = 0) -> Chain | None:
        """The filter chain that takes `connection`; None when no listener does.

        `random` is the one draw of weighted clusters: an unsigned 64-bit integer, or what returns one.
        Raises RequestError for an address that is none, a port out of range, and a transport protocol
        other than `tls` and `raw_buffer`.
        """
