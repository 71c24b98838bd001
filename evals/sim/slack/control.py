"""What `Actions` does, over HTTP: for benchmarks and tests in other processes."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from evals.sim.slack.actions import Actions
from evals.sim.slack.calls import since
from evals.sim.slack.faults import SlackFault
from evals.sim.slack.refusal import Refusal
from evals.sim.slack.shapes import Payload, SentFile

HELPERS = (
    "say",
    "edit",
    "delete",
    "react",
    "unreact",
    "press",
    "press_home",
    "submit",
    "stop",
    "open_home",
    "archive",
    "kick_bot",
    "shortcut",
    "join",
    "leave",
    "group",
    "share",
    "unshare",
    "invite_bot",
    "person",
    "messages",
    "status",
    "session",
)


def control_routes(slack: Actions) -> list[web.RouteDef]:
    """Return the routes below /control/ of one stand-in.

    POST /control/<helper> takes the helper's arguments as a JSON object and answers {"ok", "result"}; what
    cannot be done is answered with 400 and says why. A file is {"name", "mimetype", "text" or "base64"}.
    """
    control = _Control(slack)
    return [
        *(web.post(f"/control/{name}", control.helper(getattr(slack, name))) for name in HELPERS),
        web.post("/control/settings", control.helper(control.settings)),
        web.get("/control/calls", control.calls),
        web.get("/control/messages", control.messages),
        web.get("/control/deliveries", control.deliveries),
    ]


class _Control:
    def __init__(self, slack: Actions) -> None:
        self.slack = slack

    def helper(self, run: Callable[..., Any]) -> Callable[[web.Request], Any]:
        async def answer(request: web.Request) -> web.Response:
            try:
                given = json.loads(await request.read() or b"{}")
                result = run(**_files(given))
            except (LookupError, TypeError, ValueError, Refusal) as error:
                return web.json_response(
                    {"ok": False, "error": f"{type(error).__name__}: {error}"}, status=400
                )
            return web.json_response({"ok": True, "result": result})

        return answer

    def settings(self, **changes: Any) -> None:
        """Change settings; `faults` replaces those that are planned."""
        planned = changes.pop("faults", None)
        faults = None if planned is None else [SlackFault(**fault) for fault in planned]
        named = {name: tuple(v) if isinstance(v, list) else v for name, v in changes.items()}
        self.slack.configure(**named)
        if faults is not None:
            self.slack.faults.clear()
            self.slack.faults.add(*faults)

    async def calls(self, request: web.Request) -> web.Response:
        found = since(self.slack.calls, int(request.query.get("since", "0")))
        after = self.slack.calls[-1].number + 1 if self.slack.calls else 0
        return web.json_response({"calls": [asdict(call) for call in found], "next": after})

    async def messages(self, request: web.Request) -> web.Response:
        found = self.slack.messages(request.query["channel"], request.query.get("thread_ts"))
        return web.json_response({"messages": found})

    async def deliveries(self, request: web.Request) -> web.Response:
        log = self.slack.deliveries.log
        found = [asdict(sent) for sent in log[int(request.query.get("since", "0")) :]]
        waiting = self.slack.deliveries.waiting()
        return web.json_response({"deliveries": found, "next": len(log), "waiting": waiting})


def _files(given: Payload) -> Payload:
    if "files" not in given:
        return given
    return given | {"files": [_file(dict(file)) for file in given["files"]]}


def _file(told: Payload) -> SentFile:
    text, encoded = told.pop("text", ""), told.pop("base64", None)
    content = text.encode() if encoded is None else base64.b64decode(encoded)
    return SentFile(content=content, **told)
