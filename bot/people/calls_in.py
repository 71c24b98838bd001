"""The help desk's own calls: POST /handoffs/<id>, signed as what it is sent."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from aiohttp import web

from bot.people.notices import Action, Nonsense, conversation_of, handoff_id, parsed, read_action
from bot.people.signing import NotSigned, Signer
from bot.people.store import Handoff
from graph.errors import FirstlineError

log = structlog.get_logger()

PATH = "/handoffs/{id}"
MOST_BODY = 65_536
_CONVERSATION = re.compile(r"[A-Za-z0-9_.-]{1,128}:[A-Za-z0-9_.-]{1,128}:[0-9.]{1,32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CallsIn:
    """Takes calls; what they ask for waits with the rest of its conversation, and is done in order."""

    signer: Signer
    find: Callable[[str], Awaitable[Handoff | None]]
    """Returns what is known of a conversation's handoff."""
    act: Callable[[str, str, Action], Awaitable[None]]
    """Has a wish done once for its name: the handoff's name, the call's, and the wish."""

    async def take(self, request: web.Request) -> web.Response:
        """Take a call; 202 once it is kept, and again for the same `webhook-id`, which does nothing more."""
        if (request.content_length or 0) > MOST_BODY:
            return _answer(413, "the body is too long")
        body = await request.read()
        if len(body) > MOST_BODY:
            return _answer(413, "the body is too long")
        try:
            name = self.signer.verify({key.lower(): value for key, value in request.headers.items()}, body)
            action = read_action(parsed(body))
        except NotSigned as wrong:
            log.warning("help_desk.refused", why=str(wrong))
            return _answer(401, str(wrong))
        except Nonsense as nonsense:
            return _answer(400, str(nonsense))
        if action is None:
            return _answer(400, "`action` is missing")
        try:
            return await self._act(request.match_info["id"], name, action)
        except FirstlineError as error:
            log.warning("help_desk.not_kept", why=str(error))
            return _answer(503, "it cannot be kept now: try again")

    async def _act(self, handoff: str, name: str, action: Action) -> web.Response:
        conversation = conversation_of(handoff)
        known = await self.find(conversation) if _CONVERSATION.fullmatch(conversation) else None
        if known is None or handoff_id(known) != handoff:
            return _answer(404, "there is no such handoff, or a later one in its place")
        if action.wish in ("resolve", "hand_back") and not known.under_way:
            return _answer(409, f"it is {known.state} already")
        await self.act(handoff, f"call:{name}", action)
        log.info("help_desk.called", wish=action.wish, at=int(time.time()))
        return _answer(202, "")


def _answer(status: int, problem: str) -> web.Response:
    return web.json_response({"error": problem} if problem else {"status": "accepted"}, status=status)


def add_handoffs(application: web.Application, calls: CallsIn) -> None:
    """Let an aiohttp application take the help desk's calls."""
    application.router.add_post(PATH, calls.take)
