"""Transcripts of other harnesses, and of our own export, as cases and trials."""
