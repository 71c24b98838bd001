"""How what keeps the bot in hand looks in Slack: the team's home tab, drafts, alarms."""
