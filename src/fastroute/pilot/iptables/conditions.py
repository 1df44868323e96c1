"""The words of a rule, taken apart: conditions (all must hold) and one target.

Only what the generated rules use is understood, with iptables' own spellings (`iptables-save` writes some matches
in other words, such as `-m tcp --dport`); anything else is refused, so that no interpretation ignores a word.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fastroute.errors import UnsupportedError
from fastroute.pilot.iptables.rules import Rule

VALUED = {
    "-p": "protocol",
    "-s": "source",
    "-d": "destination",
    "-i": "in_interface",
    "-o": "out_interface",
    "--dport": "destination_port",
    "--sport": "source_port",
    "--dports": "destination_ports",
    "--uid-owner": "uid",
    "--gid-owner": "gid",
    "--ctstate": "state",
}
MATCHES = frozenset({"tcp", "udp", "multiport", "owner", "mark", "connmark", "conntrack", "socket"})
OPTIONS = frozenset(
    {
        "--to-ports",
        "--to-port",
        "--on-port",
        "--on-ip",
        "--tproxy-mark",
        "--set-mark",
        "--set-xmark",
        "--zone",
        "--to-destination",
        "--to-source",
    }
)
SWITCHES = frozenset({"--save-mark", "--restore-mark"})


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of a packet; `value` is in iptables' words."""

    kind: str
    value: str = ""
    negated: bool = False

    def __str__(self) -> str:
        return f"{self.kind.replace('_', ' ')}{' not' if self.negated else ''} {self.value}".rstrip()


@dataclass(frozen=True, slots=True)
class Target:
    """What happens to a packet that meets all conditions: a verdict of iptables, or a chain to go to."""

    name: str
    options: tuple[tuple[str, str], ...] = field(default=())

    def option(self, *names: str) -> str:
        """The value of the first of `names` that is given; empty when none is."""
        return next((value for name, value in self.options if name in names), "")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A rule taken apart."""

    rule: Rule
    conditions: tuple[Condition, ...]
    target: Target


def parse(rule: Rule) -> Parsed:
    """Take `rule` apart; UnsupportedError names the word that is not understood."""
    conditions: list[Condition] = []
    options: list[tuple[str, str]] = []
    target, module, negated = "", "", False
    words = list(rule.words)
    while words:
        word = words.pop(0)
        if word == "!":
            negated = True
            continue
        if word == "-m":
            module = _value(rule, words, word)
            if module not in MATCHES:
                raise _unknown(rule, module)
            if module == "socket":
                conditions.append(Condition("socket"))
        elif word == "-j":
            target = _value(rule, words, word)
        elif word == "--mark":
            conditions.append(Condition(module, _value(rule, words, word), negated))
        elif word in VALUED:
            conditions.append(Condition(VALUED[word], _value(rule, words, word), negated))
        elif word in OPTIONS:
            options.append((word, _value(rule, words, word)))
        elif word in SWITCHES:
            options.append((word, ""))
        else:
            raise _unknown(rule, word)
        negated = False
    return Parsed(rule, tuple(conditions), Target(target, tuple(options)))


def _value(rule: Rule, words: list[str], word: str) -> str:
    if not words:
        raise UnsupportedError(f"{word} has no value", path=str(rule))
    return words.pop(0)


def _unknown(rule: Rule, word: str) -> UnsupportedError:
    return UnsupportedError(f"the interpreter does not know {word!r}", path=str(rule))
