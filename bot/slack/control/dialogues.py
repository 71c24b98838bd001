"""Dialogues: opened at once, since Slack lets one be opened for three seconds only; they change nothing."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from bot.control.drafts import DraftStore
from bot.slack.api import SlackFault
from bot.slack.control.blocks import Block, edit_dialogue, pause_dialogue, person
from bot.slack.events import Pressed
from bot.slack.handoff import Handoffs
from bot.slack.items import DRAFT_EDIT
from graph.errors import StateError
from prompts import Phrases

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Dialogues:
    """Opens the dialogue that a button of the team asks for."""

    handoffs: Handoffs
    drafts: DraftStore
    phrases: Phrases

    async def open(self, press: Pressed) -> None:
        """Open it, or say to who pressed why not."""
        try:
            dialogue, refusal = await self._judged(press)
        except StateError as error:
            log.warning("dialogue.not_opened", why=str(error))
            dialogue, refusal = None, self._say("press_failed")
        try:
            if dialogue is not None:
                await self.handoffs.slack.call("views.open", trigger_id=press.trigger_id, view=dialogue)
                return
        except SlackFault as fault:
            log.warning("dialogue.not_opened", why=fault.why)
            refusal = self._say("press_failed")
        await self._tell(press, refusal)

    async def _judged(self, press: Pressed) -> tuple[Block | None, str]:
        if press.user not in await self.handoffs.staff():
            return None, self._say("team_only")
        language = self.handoffs.language
        if press.action != DRAFT_EDIT:
            return pause_dialogue(self.phrases, language), ""
        draft = await self.drafts.get(press.value.partition(" ")[2])
        if draft is None:
            return None, self._say("draft_gone")
        if draft.decided:
            return None, self._say("draft_late", person=person(draft.by))
        return edit_dialogue(self.phrases, language, draft), ""

    def _say(self, key: str, **values: str) -> str:
        return self.phrases.say(key, self.handoffs.language, **values)

    async def _tell(self, press: Pressed, words: str) -> None:
        channel = press.channel or self.handoffs.channel
        try:
            await self.handoffs.slack.call("chat.postEphemeral", channel=channel, user=press.user, text=words)
        except SlackFault as fault:
            log.info("slack.skipped", method=fault.method, why=fault.why)
