"""The admin interface of this pod's Envoy."""

from __future__ import annotations

from fastroute.pilot.agent.http_client import HttpError, request
from fastroute.pilot.agent.settings import Settings


class Admin:
    """Asks the admin; HttpError when there is no good answer."""

    def __init__(self, settings: Settings) -> None:
        self._address = settings.family.localhost
        self._port = settings.admin_port

    async def get(self, path: str) -> str:
        """The text of a page."""
        return await self._ask("GET", path)

    async def post(self, path: str) -> str:
        """Give an order."""
        return await self._ask("POST", path)

    async def _ask(self, method: str, path: str) -> str:
        answer = await request(self._address, self._port, path, method=method, timeout=3.0)
        if answer.status != 200:
            raise HttpError(f"the admin answered {answer.status} to {path}")
        return answer.text()
