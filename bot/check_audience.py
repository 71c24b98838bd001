"""The part of `bot check` that says who is answered from which articles."""

from __future__ import annotations

from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.check_slack_asking import Refusal, ask
from bot.finding import Finding
from bot.slack.history import TYPES

ABOUT = "shared"
MOST_NAMED = 5


async def shared_finding(client: AsyncWebClient, for_everyone: int | None) -> Finding | None:
    """Say in which channels people of other companies read along; None where in none.

    `for_everyone` is how many articles they may read; None where that is not known.
    """
    names: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await ask(
            client.users_conversations(types=TYPES, exclude_archived=True, limit=200, cursor=cursor or None)
        )
        if isinstance(page, Refusal):
            return None  # a scope that is missing was said already
        channels: list[dict[str, Any]] = page.get("channels") or []
        names += [str(found.get("name") or found["id"]) for found in channels if found.get("is_ext_shared")]
        cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
    if not names:
        return None
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    where = ", ".join(f"#{name}" for name in names[:MOST_NAMED]) + more
    says = f"other companies are in {where}: answers there rest on articles with `audience: everyone`"
    if for_everyone == 0:
        return Finding("warning", ABOUT, f"{says}, and there is none")
    return Finding("ok", ABOUT, says)
