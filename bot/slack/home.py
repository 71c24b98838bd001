"""What somebody sees who opens the bot before a word is said: suggested prompts and the home tab."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from bot.slack.api import Refused, Slack
from bot.slack.blocks import home_view, suggested_prompts
from bot.slack.control.team_home import TeamHome
from bot.slack.limiter import Limiter
from prompts import Prompts

log = structlog.get_logger()


@dataclass(slots=True)
class Home:
    """Fills the bot's own tabs."""

    slack: Slack
    limiter: Limiter
    prompts: Prompts
    language: str
    team: TeamHome | None = None
    """What the team sees instead of the home tab."""

    async def opened(self, body: Mapping[str, Any]) -> None:
        """Show prompts to begin with where somebody opened the bot's messages, or its home tab."""
        phrases = self.prompts.phrases
        questions = [phrases.say(f"prompt_{number}", self.language) for number in (1, 2, 3, 4)]
        try:
            if body["tab"] == "messages" and body["channel"]:
                await self.slack.call(
                    "assistant.threads.setSuggestedPrompts",
                    channel_id=body["channel"],
                    prompts=suggested_prompts(questions),
                )
            elif body["tab"] == "home":
                view = await self.team.view(body["user"]) if self.team else None
                view = view or home_view(phrases, self.language, questions)
                await self.slack.call("views.publish", user_id=body["user"], view=view)
        except Refused as refused:
            log.info("home.refused", method=refused.method, why=refused.why)
