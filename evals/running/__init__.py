"""Runs over a suite of cases: what they play on, what is printed of them, and what is accepted."""
