"""A route configuration, compiled: virtual hosts, lists of routes, and the indexes over them."""

from collections.abc import Iterable, Sequence
from typing import Literal, Protocol, final

from fastroute.core.entries import RouteSpec
from fastroute.core.matchers import TreeNode

class _VirtualHostSpec(Protocol):
    """One virtual host, to be compiled."""

    @property
    def name(self) -> str: ...
    @property
    def domains(self) -> Sequence[bytes]: ...
    @property
    def routes(self) -> Sequence[RouteSpec]: ...
    @property
    def tree(self) -> TreeNode | None:
        """A matcher tree, which yields the number of one of the `lists` of routes; instead of `routes`."""

    @property
    def lists(self) -> Sequence[Sequence[RouteSpec]]: ...
    @property
    def require_tls(self) -> Literal["none", "external_only", "all"]: ...

@final
class RouteTable:
    """The compiled table. Immutable; `len()` is the number of routes.

    `ignore_port` is `ignore_port_in_host_matching` of the RouteConfiguration, `ignore_parameters` is
    `ignore_path_parameters_in_path_matching`; `vhost_header` and `internal_only_headers` have their names there.
    """

    @property
    def name(self) -> str: ...
    @property
    def ignore_port(self) -> bool: ...
    @property
    def ignore_parameters(self) -> bool: ...
    @property
    def vhost_header(self) -> bytes: ...
    @property
    def internal_only_headers(self) -> tuple[bytes, ...]: ...
    def __new__(
        cls,
        name: str,
        virtual_hosts: Iterable[_VirtualHostSpec],
        *,
        ignore_port: bool = False,
        ignore_parameters: bool = False,
        vhost_header: bytes = b"",
        internal_only_headers: tuple[bytes, ...] = (),
    ) -> RouteTable: ...
    def __len__(self) -> int: ...
    def revised(
        self, gone: Sequence[tuple[int, Sequence[bytes]]], fresh: Sequence[_VirtualHostSpec]
    ) -> tuple[RouteTable, list[int]]:
        """A table without the virtual hosts `gone`, each a number and its domains, and with `fresh` ones.

        The other virtual hosts are shared and keep their numbers, which for a new table are 0, 1, …; the
        list has the numbers of the fresh ones. Raises KeyError for a domain that another one has.
        """
