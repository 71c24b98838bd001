"""Slack's way of writing a message, turned into what a person reads."""

from __future__ import annotations

import re

_MARKED = re.compile(r"<([^<>\n]{1,4000})>|&(amp|lt|gt);")
_MENTIONS = re.compile(r"<(?:@|!subteam\^|!(?=here|channel|everyone))([A-Za-z0-9]+)(?:\|[^<>\n]*)?>")
_SCHEME = re.compile(r"^(?:https?://|mailto:|tel:)(.*?)/?$")
_CHARACTERS = {"amp": "&", "lt": "<", "gt": ">"}


def plain(text: str, bot_user: str = "") -> str:
    """Return a message as a person reads it: names and addresses spelt out, the bot's mention taken out."""
    if bot_user:
        bot = re.escape(bot_user)
        text = re.sub(rf"^\s*<@{bot}(?:\|[^<>\n]*)?>[\s,:]*", "", text)
        text = re.sub(rf"[ \t]{{0,3}}<@{bot}(?:\|[^<>\n]*)?>", "", text)
    return _MARKED.sub(_spelt_out, text).strip()


def mentions(text: str) -> tuple[str, ...]:
    """Return whom a message names: ids of people and groups, and `here`, `channel`, `everyone`; each once."""
    return tuple(dict.fromkeys(_MENTIONS.findall(text)))


def _spelt_out(match: re.Match[str]) -> str:
    if match[2]:
        return _CHARACTERS[match[2]]
    target, _, label = match[1].partition("|")
    target, label = _unescape(target), _unescape(label)
    match target[0:1]:
        case "@" | "#":
            return target[0] + (label or target[1:]).removeprefix(target[0])
        case "!":
            return _special(target[1:], label)
    return _link(target, label)


def _special(target: str, label: str) -> str:
    """Spell out a group (`subteam^S1`), a date (`date^...`), or one of `here`, `channel`, `everyone`."""
    kind, _, rest = target.partition("^")
    if kind == "subteam":
        return "@" + (label or rest).removeprefix("@")
    return label if kind == "date" else "@" + kind


def _link(address: str, label: str) -> str:
    """Return a link's label with its address, or one of them where they say the same."""
    bare = _SCHEME.sub(r"\1", address)
    shown = address if address.startswith("http") else bare
    differs = label and shown and _SCHEME.sub(r"\1", label) != bare
    return f"{label} ({shown})" if differs else label or shown


def _unescape(text: str) -> str:
    return re.sub(r"&(amp|lt|gt);", lambda match: _CHARACTERS[match[1]], text)
