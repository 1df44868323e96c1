"""Routes on the wire, taken apart into what differs from route to route and what many have in common."""

from typing import Literal, final

_How = Literal["prefix", "path", "path_separated_prefix", "regex"]
_Part = tuple[str, _How | None, bytes, str | None, bytes, bytes, bytes | None]
_Condition = tuple[bytes, Literal["exact", "prefix", "suffix", "contains"], bytes]

@final
class RouteReader:
    """Reads the routes of a virtual host; built from the numbers of the fields.

    `routes` is that of the virtual host's routes, `name`, `match` and `action` those of a route, `cluster` that of
    the action's cluster, `paths` those of the match's prefix, path and separated prefix, `regex` the way to the text
    of its regular expression, `headers` that of its headers, and in them those of name and string matcher, `matchers`
    those of a string matcher's exact, prefix, suffix and contains. `texts` are two ways to a text: from fields of
    the route that answer by themselves, through the fields in them.
    """

    def __new__(
        cls,
        *,
        routes: int,
        name: int,
        match: int,
        action: int,
        cluster: int,
        paths: tuple[int, int, int],
        texts: tuple[tuple[int, ...], tuple[int, ...]],
        regex: tuple[int, int],
        headers: tuple[int, int, int],
        matchers: tuple[int, int, int, int],
    ) -> RouteReader: ...
    def conditions(self, rest: bytes) -> list[_Condition] | None:
        """Name, kind and text of each header that the rest of a match compares; None where it says anything else."""

    def read(self, host: bytes) -> list[_Part | None]:
        """The parts of each route of the virtual host on the wire, in order.

        A part is (name, how, path, cluster, rest of the match, rest of the route, text). `how` is None where the path
        is none of the four: a regular expression counts where its text is all that there is of it. `cluster` is None
        where the route names none, `text` where there is none at the end of a way.
        None stands for a route that is out of the ordinary: without a match, with a path that Envoy refuses or that
        can match nothing, with a field twice, or of more than 4096 other bytes. Raises ValueError for bytes that are
        no message.
        """
