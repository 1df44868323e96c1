"""Generated sections of docs/performance.md: what stands between `<!-- figures: NAME -->` and `<!-- end -->`."""

from __future__ import annotations

import re
from collections.abc import Mapping

_SECTION = re.compile(r"(<!-- figures: ([^>]+?) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(text: str, sections: Mapping[str, str]) -> str:
    """The text with each section anew. Raises LookupError for a section that is not known."""

    def anew(found: re.Match[str]) -> str:
        name = found[2]
        if name not in sections:
            raise LookupError(f"no figures {name!r}; there are {', '.join(sections)}")
        return f"{found[1]}{sections[name].rstrip()}\n{found[3]}"

    return _SECTION.sub(anew, text)
