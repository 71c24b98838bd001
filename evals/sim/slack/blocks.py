"""What Slack demands of blocks and metadata, as far as a bot can break it."""

from __future__ import annotations

import itertools
import json
from typing import Any

from evals.sim.slack.refusal import Refusal
from evals.sim.slack.shapes import Payload

BLOCKS_MAX = 50
BLOCKS_CHARS = 13_200
"""Of all blocks together as JSON: not documented, seen by others."""
MARKDOWN_CHARS = 12_000
METADATA_CHARS = 8_000
ELEMENTS = {"actions": 25, "context": 10, "context_actions": 5}
TEXTS = {"section": 3_000, "header": 150, "markdown": MARKDOWN_CHARS}

_numbers = itertools.count(1)


def check_blocks(blocks: Any) -> list[Payload]:
    """Return a message's blocks with an id for each, or refuse them as Slack does."""
    if blocks is None:
        return []
    if not isinstance(blocks, list) or not all(isinstance(b, dict) and b.get("type") for b in blocks):
        raise Refusal("invalid_blocks_format")
    if len(blocks) > BLOCKS_MAX:
        raise Refusal("msg_blocks_too_many")
    if len(json.dumps(blocks, ensure_ascii=False)) > BLOCKS_CHARS:
        raise Refusal("msg_blocks_too_long")
    named = [{"block_id": f"b{next(_numbers)}", **block} for block in blocks]
    if len({block["block_id"] for block in named}) < len(named):
        raise _invalid("block_id", "must be unique")
    for place, block in enumerate(named):
        _check_block(place, block)
    return named


def elements_of(blocks: list[Payload]) -> list[Payload]:
    """Return every interactive element of a message."""
    found = [part for block in blocks for part in block.get("elements", ())]
    found += [block["accessory"] for block in blocks if "accessory" in block]
    return [part for part in found if "action_id" in part]


def check_metadata(metadata: Any) -> Payload | None:
    """Return a message's metadata, or refuse it as Slack does."""
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or not metadata.get("event_type"):
        raise Refusal("invalid_metadata_format")
    if not isinstance(metadata.get("event_payload"), dict):
        raise Refusal("invalid_metadata_format")
    if len(json.dumps(metadata)) > METADATA_CHARS:
        raise Refusal("metadata_too_large")
    return metadata


def _check_block(place: int, block: Payload) -> None:
    kind = block["type"]
    said = block.get("text", "")
    words = said.get("text", "") if isinstance(said, dict) else said
    if len(words) > TEXTS.get(kind, len(words)):
        raise _invalid(f"/blocks/{place}/text", "must be shorter")
    elements = block.get("elements", ())
    if len(elements) > ELEMENTS.get(kind, len(elements)):
        raise _invalid(f"/blocks/{place}/elements", "has too many items")
    for element in elements_of([block]):
        buttons = [element, element.get("positive_button") or {}, element.get("negative_button") or {}]
        long = any(len(button.get("value", "")) > 2_000 for button in buttons)
        if long or len(element["action_id"]) > 255:
            raise _invalid(f"/blocks/{place}/elements", "has a value or an action_id that is too long")


def _invalid(where: str, why: str) -> Refusal:
    return Refusal(
        "invalid_blocks", response_metadata={"messages": [f"[ERROR] {why} [json-pointer:{where}]"]}
    )
