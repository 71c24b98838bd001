"""GitHub's API, as far as sticky comments need it: what may be tried again is, what may not says why."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Self

import aiohttp

from graph.errors import FirstlineError

PAGE = 100
"""The most that GitHub gives at once."""
MOST_PAGES = 100
_PERMISSIONS = "the workflow's `permissions:` must allow it, and from a fork it never may"


class GithubError(FirstlineError):
    """GitHub did not take what it was sent."""


class Forbidden(GithubError):
    """The token may not do this, as with pull requests from forks."""


class Again(GithubError):
    """It may work in a moment; `after_s` says when, where GitHub does."""

    def __init__(self, says: str, after_s: float | None = None) -> None:
        super().__init__(says)
        self.after_s = after_s


class Github:
    """One repository, as an async context manager."""

    def __init__(self, api_url: str, token: str, repo: str) -> None:
        self._base = f"{api_url.rstrip('/')}/repos/{repo}"
        self._token = token

    async def __aenter__(self) -> Self:
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": "firstline-evals",
        }
        timeout = aiohttp.ClientTimeout(total=30)
        self._session = aiohttp.ClientSession(headers=headers, timeout=timeout, trust_env=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def pages(self, path: str, **query: str) -> AsyncIterator[dict[str, Any]]:
        """Yield the items of a list, page by page."""
        for number in range(1, MOST_PAGES + 1):
            wanted = {**query, "per_page": str(PAGE), "page": str(number)}
            items, more = await self._ask("GET", path, params=wanted)
            for item in items:
                yield item
            if not more:
                return

    async def send(self, method: str, path: str, **body: object) -> dict[str, Any]:
        """Send JSON and return what GitHub made of it."""
        made, _ = await self._ask(method, path, json=body)
        assert isinstance(made, dict)
        return made

    async def _ask(self, method: str, path: str, **options: Any) -> tuple[Any, bool]:
        """Return the answer, and whether there is a next page; raises GithubError."""
        try:
            async with self._session.request(method, f"{self._base}{path}", **options) as response:
                if response.status >= 300:
                    raise await _fault(response)
                return await response.json(), "next" in response.links
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Again(f"GitHub cannot be reached: {str(error) or 'it took too long'}") from None


async def _fault(response: aiohttp.ClientResponse) -> GithubError:
    says = f"GitHub answered {response.status}: {_message(await response.text())}"
    wait = response.headers.get("Retry-After", "")
    limited = response.status == 429 or (
        response.status == 403 and (wait or response.headers.get("X-RateLimit-Remaining") == "0")
    )
    if limited or response.status >= 500:
        return Again(says, float(wait) if wait.isdecimal() else None)
    if response.status == 403:
        return Forbidden(f"{says}; {_PERMISSIONS}")
    return GithubError(says)


def _message(body: str) -> str:
    line = " ".join(body.split())
    return line if len(line) <= 300 else f"{line[:299]}…"
