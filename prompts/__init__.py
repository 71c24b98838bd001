"""Every word that a model reads or a customer sees: checked, versioned, and re-read when a file changes."""

from __future__ import annotations

from prompts.errors import FirstlineError, InputError, PromptError
from prompts.escalation import (
    Check,
    Complex,
    Condition,
    Covered,
    Escalation,
    LongerThan,
    Rated,
    Reason,
    Repeat,
    Rule,
    Says,
    Topic,
)
from prompts.folder import Edition, FixedPrompts, Prompts, edition_of, open_prompts, read_texts
from prompts.matching import PhraseSet
from prompts.phrases import Phrases
from prompts.prompt import Prompt

__all__ = [
    "Check",
    "Complex",
    "Condition",
    "Covered",
    "Edition",
    "Escalation",
    "FirstlineError",
    "FixedPrompts",
    "InputError",
    "LongerThan",
    "PhraseSet",
    "Phrases",
    "Prompt",
    "PromptError",
    "Prompts",
    "Rated",
    "Reason",
    "Repeat",
    "Rule",
    "Says",
    "Topic",
    "edition_of",
    "open_prompts",
    "read_texts",
]
