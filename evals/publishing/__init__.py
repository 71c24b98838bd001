"""What is done with a finished run: its outputs made again, a comment, the history of nights."""
