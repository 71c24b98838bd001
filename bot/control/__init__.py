"""What keeps the bot in hand, whatever it is seen in: the switch, the limits, the budget, drafts, alarms."""
