"""Where people take over; what it takes is in the people's room."""

from bot.slack.people.handoff import CARD, Handoffs

__all__ = ["CARD", "Handoffs"]
