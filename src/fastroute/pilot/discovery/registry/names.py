"""Names, addresses and other texts as Kubernetes and Istio take them; each is checked where it is written.

What is none would be refused by Envoy, and with it everything that is sent at the same time. The rules:

- a label has letters, digits and `-`, begins and ends with none of the latter, and has 63 characters at most;
- a host name is labels with dots between them, 255 characters at most, and does not end in a number, which would be
  an address; a dot may stand at its end. Its first label may be or begin with `*`, where wildcards are taken;
- names of Kubernetes' objects are in small letters;
- values of headers are format strings: a per cent sign begins an operator of Envoy.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, Final

from fastroute.api import tls_names
from fastroute.api.format_strings import fault

UNIX: Final = "unix://"
AUTHORITY: Final = ":authority"
LONGEST_HOST: Final = 255
LONGEST_NAME: Final = 253
LONGEST_SHOWN: Final = 80
_PART: Final = r"[a-zA-Z0-9](?:[-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?"
_LABEL: Final = re.compile(_PART)
_HOST: Final = re.compile(rf"{_PART}(?:\.{_PART})*\.?")
_WILDCARD: Final = re.compile(rf"(?:\*|(?:\*-?)?{_PART})(?:\.{_PART})*\.?")
_SMALL: Final = re.compile(r"[a-z0-9](?:[-.a-z0-9]*[a-z0-9])?")
_HEADER: Final = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+")
_PSEUDO: Final = (":method", ":scheme", ":authority", ":path", ":status")
_LINE: Final = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")


@dataclass(frozen=True, slots=True)
class Rule:
    """What a text must be; `what` says in messages what a wrong one is."""

    what: str
    holds: Callable[[str], bool]

    def check(self, text: str) -> None:
        """ValueError for a text that is none."""
        if not self.holds(text):
            raise ValueError(f"{text[:LONGEST_SHOWN]!r} is {self.what}")


def is_label(text: str) -> bool:
    """Whether a text is a label, as names of namespaces and subsets are."""
    return _LABEL.fullmatch(text) is not None


def is_object_name(text: str) -> bool:
    """Whether a text can be the name of a Kubernetes object."""
    return len(text) <= LONGEST_NAME and _SMALL.fullmatch(text) is not None


def is_host(text: str) -> bool:
    """Whether a text is a host name."""
    return len(text) <= LONGEST_HOST and _HOST.fullmatch(text) is not None and not text.rpartition(".")[2].isdigit()


def is_pattern(text: str) -> bool:
    """Whether a text is a host name, or stands for many with a `*` at its front."""
    if len(text) > LONGEST_HOST or _WILDCARD.fullmatch(text) is None:
        return False
    return "." not in text or not text.rpartition(".")[2].isdigit()


def is_address(text: str) -> bool:
    """Whether a text is an IP address, without a zone."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def is_subnet(text: str) -> bool:
    """Whether a text is a network as `10.0.0.0/8`, or one address."""
    address, slash, length = text.partition("/")
    if not is_address(address):
        return False
    return not slash or (length.isascii() and length.isdigit() and int(length) <= (128 if ":" in address else 32))


def is_socket(text: str) -> bool:
    """Whether a text is `unix://` with an absolute path of a file, or with `@` and a name."""
    path = text.removeprefix(UNIX)
    return path != text and (path.startswith("@") or (path.startswith("/") and not path.endswith("/")))


def is_imported(text: str) -> bool:
    """Whether a text is `namespace/host` as Sidecars have it; the namespace may be `.`, `*` or `~`."""
    namespace, slash, host = text.partition("/")
    if namespace not in (".", "*", "~") and not is_label(namespace):
        return False
    return bool(slash) and (host == "*" or is_host(host.removeprefix("*.")))


def is_header(text: str) -> bool:
    """Whether a text is the name of a header."""
    return _HEADER.fullmatch(text) is not None


def is_line(text: str) -> bool:
    """Whether a text can stand in a request or an answer."""
    return _LINE.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class FormatRule(Rule):
    """What a format string must be: its operators are Envoy's."""

    def check(self, text: str) -> None:
        """ValueError for a text that is none."""
        Rule.check(self, text)
        wrong = fault(text) if "%" in text else ""
        if wrong:
            raise ValueError(f"{wrong}; a per cent sign is written %%")


def _or_none(holds: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda text: not text or holds(text)


Label = Annotated[str, Rule("no name of letters, digits and -", is_label)]
MaybeLabel = Annotated[str, Rule("no name of letters, digits and -", _or_none(is_label))]
ObjectName = Annotated[str, Rule("no name of an object, which has small letters, digits, - and .", is_object_name)]
Host = Annotated[str, Rule("no host name", is_host)]
WildcardHost = Annotated[str, Rule("neither a host name nor one with a * at its front", is_pattern)]
TargetHost = Annotated[str, Rule("no host name", lambda text: text != "*" and is_pattern(text))]
"""The host of a service, which may have a wildcard of its own, but is not all hosts."""
HostOrAddress = Annotated[
    str, Rule("neither a host name nor an IP address", lambda text: is_address(text) or is_pattern(text))
]
Address = Annotated[str, Rule("no IP address", is_address)]
MaybeAddress = Annotated[str, Rule("no IP address", _or_none(is_address))]
ClusterAddress = Annotated[
    str, Rule("neither an IP address nor None", lambda text: text in ("", "None") or is_address(text))
]
"""The address of a service, `None` where it has none, or nothing where none has been given to it."""
Subnet = Annotated[str, Rule("neither an IP address nor a network such as 10.0.0.0/8", is_subnet)]
Reachable = Annotated[
    str,
    Rule(
        "neither an IP address nor a host name nor unix:// with the path of a socket",
        _or_none(lambda text: is_address(text) or is_host(text) or is_socket(text)),
    ),
]
Visibility = Annotated[
    str, Rule("neither . nor * nor a namespace", lambda text: text in (".", "*", "~") or is_label(text))
]
"""Who sees an object: `.` is its namespace, `*` all, or another namespace; `~` is nobody."""
Imported = Annotated[
    str, Rule("not of the form namespace/host, with a host name, one that begins with *., or *", is_imported)
]
HeaderName = Annotated[
    str, Rule("no name of a header", lambda text: text in _PSEUDO or text.startswith("@") or is_header(text))
]
WrittenHeader = Annotated[
    str, Rule("no name of a header that can be written", lambda text: text == AUTHORITY or is_header(text))
]
OtherHeader = Annotated[
    str,
    Rule("no name of a header that can be changed here", lambda text: is_header(text) and text.lower() != "host"),
]
HeaderValue = Annotated[str, FormatRule("no value of a header: it has control characters", is_line)]
Format = Annotated[str, FormatRule("no format", lambda _: True)]
ServerName = Annotated[
    str,
    Rule(
        "too long for a server name, or has control characters",
        lambda text: len(text) <= LONGEST_HOST and is_line(text),
    ),
]
CookieName = Annotated[str, Rule("no name of a cookie or of its attribute", is_header)]
Line = Annotated[str, Rule("no such text: it has control characters", is_line)]
Filled = Annotated[str, Rule("empty", bool)]


def check_format(text: str) -> None:
    """ValueError for a format string that Envoy refuses."""
    FormatRule("no format", is_line).check(text)


def check_tls_names(cipher_suites: tuple[str, ...], ecdh_curves: tuple[str, ...]) -> None:
    """ValueError for names that Envoy's TLS library does not know."""
    asked = SimpleNamespace(cipher_suites=cipher_suites, ecdh_curves=ecdh_curves, signature_algorithms=())
    for field, wrong, remedy in tls_names.parameters(asked):
        raise ValueError(f"{'cipherSuites' if field == 'cipher_suites' else 'ecdhCurves'}: {wrong}. {remedy}")
