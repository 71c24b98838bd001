"""What a model is asked, as one hash to look it up by and as named parts to say what is different.

What only names a cache (`Request.cache_key`) or serves the extractive tier (`question`, `passages`, whose
words stand in the context) reaches no model's attention, and so is no part of the hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from graph.models import Request
from prompts import Edition, Prompt

MODEL, EFFORT, LIMIT = "the model", "the effort", "the limit of tokens"
ORDER, HISTORY, WORDS = "the order of passages", "an earlier answer", "the customer's words"
CONTEXT = "what the program adds to the conversation"
RULES = "the rules of escalation.md"
"""They decide which model is asked, if any, and stand in no request."""
BOTH = (False, True)


def fingerprint(provider: str, request: Request) -> str:
    """Return the SHA-256 of everything that reaches the model."""
    return hashlib.sha256(canonical(provider, request).encode()).hexdigest()


def canonical(provider: str, request: Request) -> str:
    """Return everything that reaches the model as JSON that is the same for the same request."""
    return _json(
        {
            "provider": provider,
            "model": request.model,
            "system": request.system,
            "messages": [[message.role, message.text] for message in request.messages],
            "context": request.context,
            "tools": [[tool.name, tool.description, tool.parameters] for tool in request.tools],
            "effort": request.effort,
            "max_output_tokens": request.max_output_tokens,
        }
    )


def components(provider: str, request: Request, edition: Edition) -> dict[str, str]:
    """Return what a request is made of: name of a file, article or other part -> its hash or value.

    A prompt's hash is of what the model reads of it: a description that was reworded explains no miss.
    """
    return {
        **(_answer_prompts(edition) if request.context else _summary_prompts(edition)),
        MODEL: f"{provider} {request.model}",
        EFFORT: request.effort or "as the vendor has it",
        LIMIT: str(request.max_output_tokens),
        **{f"tool {tool.name}": _hash([tool.description, tool.parameters]) for tool in request.tools},
        **dict(_articles(request)),
        ORDER: _hash([passage.id for passage in request.passages]),
        HISTORY: _hash([[message.role, message.text] for message in request.messages[:-1]]),
        WORDS: _hash(request.messages[-1].text),
        CONTEXT: _hash(request.context),
        RULES: edition.versions["escalation"],
    }


def _answer_prompts(edition: Edition) -> dict[str, str]:
    """Return the prompts of a request for an answer."""
    read = [edition.escalation.instructions(tools=tools, top=top) for tools in BOTH for top in BOTH]
    return {
        "voice.md": _hash(edition.voice.render()),
        "answer.md": _hash(edition.answer.render()),
        "escalation.md": _hash([*read, edition.escalation.with_tool]),
        "context.md": _text(edition.context),
        "notes.md": edition.notes.version,
    }


def _summary_prompts(edition: Edition) -> dict[str, str]:
    """Return the prompts of a request for a summary, which is the only one without a context."""
    return {"voice.md": _hash(edition.voice.render()), "handoff.md": _text(edition.handoff)}


def _text(prompt: Prompt) -> str:
    return _hash([prompt.document.body, prompt.defaults])


def _articles(request: Request) -> Iterator[tuple[str, str]]:
    """Yield each article that passages are from, with a hash of what was found of it."""
    for article in sorted({passage.article for passage in request.passages}):
        found = sorted((p.id, p.title, p.hash) for p in request.passages if p.article == article)
        yield article, _hash(found)


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def _hash(value: object) -> str:
    return hashlib.sha256(_json(value).encode()).hexdigest()[:12]
