"""A stand-in for the part of GitHub's API that comments and issues need, on a free port."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

REPO = "ada/shop"
TOKEN = "ghs_made_up"
ME = {"login": "github-actions[bot]", "type": "Bot"}


class GithubSim:
    """Comments by pull request, issues, and faults to answer with first; requests are remembered."""

    def __init__(self) -> None:
        self.comments: dict[int, list[dict[str, Any]]] = {}
        self.issues: list[dict[str, Any]] = []
        self.labels: dict[int, set[str]] = {}
        self.dispatched: list[dict[str, Any]] = []
        self.faults: deque[tuple[str, int, dict[str, str]]] = deque()
        """Method, status and headers; each is answered once, after the write has been done for 5xx."""
        self.seen: list[tuple[str, str]] = []
        self.url = ""
        self._last = 1000

    def comment(self, number: int, body: str, kind: str = "Bot") -> dict[str, Any]:
        """Put a comment there."""
        self._last += 1
        made = {"id": self._last, "body": body, "user": {**ME, "type": kind}}
        self.comments.setdefault(number, []).append(made)
        return made

    def issue(self, title: str, body: str, labels: list[str], kind: str = "Bot") -> dict[str, Any]:
        """Open an issue."""
        self._last += 1
        made = {"number": self._last, "title": title, "body": body, "labels": labels, "state": "open"}
        self.issues.append({**made, "user": {**ME, "type": kind}})
        return self.issues[-1]

    def app(self) -> web.Application:
        """Return what serves it."""
        app = web.Application(middlewares=[self._guard])
        at = f"/repos/{REPO}"
        app.add_routes(
            [
                web.get(f"{at}/issues/{{number}}/comments", self._list_comments),
                web.post(f"{at}/issues/{{number}}/comments", self._add_comment),
                web.patch(f"{at}/issues/comments/{{id}}", self._edit_comment),
                web.delete(f"{at}/issues/{{number}}/labels/{{name}}", self._unlabel),
                web.get(f"{at}/issues", self._list_issues),
                web.post(f"{at}/issues", self._add_issue),
                web.patch(f"{at}/issues/{{number}}", self._edit_issue),
                web.post(f"{at}/actions/workflows/{{name}}/dispatches", self._dispatch),
            ]
        )
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.seen.append((request.method, request.path))
        if request.headers.get("Authorization", "").split(" ")[-1] != TOKEN:
            return web.json_response({"message": "Bad credentials"}, status=401)
        fault = self.faults[0] if self.faults and self.faults[0][0] == request.method else None
        if fault is None:
            answered: web.StreamResponse = await handler(request)
            return answered
        self.faults.popleft()
        _, status, headers = fault
        if status >= 500:
            await handler(request)
        return web.json_response({"message": f"fault {status}"}, status=status, headers=headers)

    async def _list_comments(self, request: web.Request) -> web.Response:
        return paged(request, self.comments.get(int(request.match_info["number"]), []))

    async def _add_comment(self, request: web.Request) -> web.Response:
        body = (await request.json())["body"]
        if len(body) > 65_536:
            return web.json_response({"message": "Validation Failed: body is too long"}, status=422)
        return web.json_response(self.comment(int(request.match_info["number"]), body), status=201)

    async def _edit_comment(self, request: web.Request) -> web.Response:
        wanted = int(request.match_info["id"])
        every = [each for comments in self.comments.values() for each in comments]
        (found,) = [each for each in every if each["id"] == wanted]
        found["body"] = (await request.json())["body"]
        return web.json_response(found)

    async def _unlabel(self, request: web.Request) -> web.Response:
        self.labels.get(int(request.match_info["number"]), set()).discard(request.match_info["name"])
        return web.json_response([])

    async def _list_issues(self, request: web.Request) -> web.Response:
        label = request.query.get("labels")
        found = [each for each in self.issues if each["state"] == "open" and label in each["labels"]]
        return paged(request, found)

    async def _add_issue(self, request: web.Request) -> web.Response:
        told = await request.json()
        return web.json_response(self.issue(told["title"], told["body"], told["labels"]), status=201)

    async def _edit_issue(self, request: web.Request) -> web.Response:
        (found,) = [each for each in self.issues if each["number"] == int(request.match_info["number"])]
        found.update(await request.json())
        return web.json_response(found)

    async def _dispatch(self, request: web.Request) -> web.Response:
        self.dispatched.append({"workflow": request.match_info["name"], **await request.json()})
        return web.Response(status=204)


def paged(request: web.Request, items: list[dict[str, Any]]) -> web.Response:
    """Answer with one page of a list, and with a link to the next where there is one."""
    size, page = int(request.query.get("per_page", 30)), int(request.query.get("page", 1))
    headers = {}
    if page * size < len(items):
        headers["Link"] = f'<{request.url.update_query(page=page + 1)}>; rel="next"'
    return web.json_response(items[(page - 1) * size : page * size], headers=headers)


@asynccontextmanager
async def github_sim() -> AsyncIterator[GithubSim]:
    """Serve one until the test ends."""
    sim = GithubSim()
    runner = web.AppRunner(sim.app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    sim.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield sim
    finally:
        await runner.cleanup()
