"""One comment a pull request, and one issue a subject: found by the marker in the first line, and updated.

Only what a bot wrote is taken for it: whoever copies the marker gets no say in what is shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeAlias

from evals.outputs.github import Again, Forbidden, Github

Posted: TypeAlias = Literal["created", "updated", "unchanged", "forbidden"]

PAUSES_S = (1.0, 4.0, 15.0)
"""Between tries."""
LONGEST_WAIT_S = 60.0


async def upsert_comment(
    api_url: str, token: str, repo: str, number: int, body: str, *, pauses_s: tuple[float, ...] = PAUSES_S
) -> Posted:
    """Write a pull request's comment, or update the one with the same first line.

    `forbidden` where the token may not, as with forks. Raises GithubError where GitHub refuses the body or
    cannot be reached.
    """

    async def once(github: Github) -> Posted:
        path = f"/issues/{number}/comments"
        async for found in github.pages(path):
            if _ours(found, body):
                return await _update(github, f"/issues/comments/{found['id']}", found, body=body)
        await github.send("POST", path, body=body)
        return "created"

    return await _tried(api_url, token, repo, once, pauses_s)


async def upsert_issue(
    api_url: str,
    token: str,
    repo: str,
    title: str,
    body: str,
    *,
    label: str,
    pauses_s: tuple[float, ...] = PAUSES_S,
) -> Posted:
    """Open an issue, or update the open one with the same label and first line; else as `upsert_comment`."""

    async def once(github: Github) -> Posted:
        async for found in github.pages("/issues", state="open", labels=label):
            if "pull_request" not in found and _ours(found, body):
                return await _update(github, f"/issues/{found['number']}", found, title=title, body=body)
        await github.send("POST", "/issues", title=title, body=body, labels=[label])
        return "created"

    return await _tried(api_url, token, repo, once, pauses_s)


async def _update(github: Github, path: str, found: dict[str, Any], **wanted: str) -> Posted:
    if all(found.get(name) == value for name, value in wanted.items()):
        return "unchanged"
    await github.send("PATCH", path, **wanted)
    return "updated"


def _ours(found: dict[str, Any], body: str) -> bool:
    author = found.get("user") or {}
    first, _, _ = (found.get("body") or "").partition("\n")
    return author.get("type") == "Bot" and first.strip() == body.partition("\n")[0].strip()


async def _tried(
    api_url: str,
    token: str,
    repo: str,
    once: Callable[[Github], Awaitable[Posted]],
    pauses_s: tuple[float, ...],
) -> Posted:
    """Try until it works; each try looks first, because one that seemed to fail may have written."""
    async with Github(api_url, token, repo) as github:
        for pause in (*pauses_s, None):
            try:
                return await once(github)
            except Forbidden:
                return "forbidden"
            except Again as again:
                if pause is None:
                    raise
                await asyncio.sleep(pause if again.after_s is None else min(again.after_s, LONGEST_WAIT_S))
    raise AssertionError("the last try either returns or raises")
