"""Conversations that a person has or is asked to take; how they look is the room of Slack."""
