"""Scoped routes: which route configuration, by a key made of request headers."""

from collections.abc import Iterable, Mapping
from typing import final

from fastroute.core.table import RouteTable

_Text = str | bytes
_Fragment = tuple[bytes, bytes, int | None, bytes, bytes]

@final
class ScopedRoutes:
    """The scopes of one connection manager (`scoped_routes`, SRDS). Immutable.

    A fragment is (header, element separator, index or `None`, element's key, element's separator). A scope is a key
    with its table, or with the name of its route configuration.
    """

    @property
    def fragments(self) -> tuple[_Fragment, ...]: ...
    @property
    def scopes(self) -> dict[tuple[bytes, ...], RouteTable | str]: ...
    def __new__(
        cls,
        fragments: tuple[_Fragment, ...],
        scopes: Mapping[tuple[bytes, ...], RouteTable | str] | Iterable[tuple[tuple[bytes, ...], RouteTable | str]],
    ) -> ScopedRoutes: ...
    def key(
        self, authority: _Text, headers: Mapping[str, str] | Mapping[bytes, bytes] | Iterable[tuple[_Text, _Text]]
    ) -> tuple[bytes, ...] | None:
        """The scope key of a request; `None` when a fragment cannot be made."""

    def is_certain(self, headers: Mapping[str, str] | Mapping[bytes, bytes] | Iterable[tuple[_Text, _Text]]) -> bool:
        """Whether the codec hands on the headers that the key is made of as they are."""

    def find(
        self,
        authority: _Text,
        headers: Mapping[str, str] | Mapping[bytes, bytes] | Iterable[tuple[_Text, _Text]],
        tables: Mapping[str, RouteTable],
    ) -> RouteTable | None:
        """The table of the scope of a request; `tables` are those that come by RDS. `None` without one."""
