"""What a customer reads whose conversation a person takes: who comes, and when."""

from __future__ import annotations

from datetime import datetime, timedelta

from graph.turn import Signals
from prompts import Phrases

FAR_DAYS = 7
"""From so many days on a weekday alone would be another one than is meant."""


def handed_over(phrases: Phrases, language: str, signals: Signals, *, asked: bool) -> str:
    """Say that a person takes over whom somebody asked for, now or when people are back."""
    key = "handoff_asked" if asked else "handoff"
    if signals.people_back is not None:
        return phrases.say(f"{key}_away", language, when=when(phrases, language, signals.people_back))
    return phrases.say(f"{key}_seen" if signals.seen else key, language)


def when(phrases: Phrases, language: str, back: datetime, now: datetime | None = None) -> str:
    """Write when people are back, on the clock of their place: `tomorrow at 09:00 (Berlin time)`.

    `back` knows its zone; `now` is the present without one.
    """
    today = (now or datetime.now(back.tzinfo)).astimezone(back.tzinfo).date()
    day = back.date()
    if day == today:
        named = phrases.say("day_today", language)
    elif day == today + timedelta(days=1):
        named = phrases.say("day_tomorrow", language)
    else:
        named = phrases.say(f"day_{day.isoweekday()}", language)
        far = day - today >= timedelta(days=FAR_DAYS)
        named = phrases.say("day_far", language, day=named, date=day.isoformat()) if far else named
    place = str(back.tzinfo).rpartition("/")[2].replace("_", " ")
    return phrases.say("people_back", language, day=named, time=f"{back:%H:%M}", place=place)
