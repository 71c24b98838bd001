"""How handoffs look and work in Slack: staff, cards, what passes between customer and colleague."""
