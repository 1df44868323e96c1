"""The answer of an admin or debug page, such as `http://127.0.0.1:15000/config_dump?include_eds`.

Bounded in time and size: a page that does not connect, stops half-way, goes on for ever or is larger than any
dump of a proxy is an error, and so is a status that is no success.
"""

from __future__ import annotations

import time

from fastroute.errors import ParseError, Where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

SILENCE_S: Final = 10.0
"""How long a page may say nothing."""
WHOLE_S: Final = 60.0
"""How long a page may take in all."""
LARGEST: Final = 512 * 1024 * 1024
_CHUNK = 1 << 16


def fetch(url: str, *, silence: float = SILENCE_S, whole: float = WHOLE_S, largest: int = LARGEST) -> bytes:
    """The body of the page at `url`. Raises `ParseError` with the code `file` where there is none in time."""
    import http.client
    from urllib.error import HTTPError
    from urllib.request import urlopen

    until = time.monotonic() + whole
    try:
        with urlopen(url, timeout=min(silence, whole)) as answer:
            return _body(answer, url, until, largest)
    except HTTPError as error:
        error.close()
        raise _error(url, f"the page answers {error.code} {error.reason}") from error
    except TimeoutError as error:
        raise _slow(url) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, TimeoutError):
            raise _slow(url) from error
        raise _error(url, f"cannot be fetched: {reason}") from error


def _body(answer: Any, url: str, until: float, largest: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while chunk := answer.read1(_CHUNK):
        parts.append(chunk)
        size += len(chunk)
        if size > largest:
            raise _error(url, f"the page is larger than {largest} bytes")
        if time.monotonic() > until:
            raise _slow(url)
    if answer.length:
        raise _error(url, f"the page ends {answer.length} bytes too early")
    return b"".join(parts)


def _slow(url: str) -> ParseError:
    return _error(url, "the page does not answer in time")


def _error(url: str, message: str) -> ParseError:
    remedy = "Save what the page should say to a file, and give that." if "larger" in message else "Is the proxy up?"
    return ParseError(message, where=Where(url), remedy=remedy, code="file")
