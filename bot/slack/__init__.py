"""Slack: what it sends is read here, and what people see of an answer is made here."""
