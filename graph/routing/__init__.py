"""Deciding which tier answers: what kind of message it is, its language, and the rules of escalation.md."""
