"""Models that record what vendors said, play it again, and never pass a budget."""
