"""The part of JSON Schema that the schema of cases uses, so that the test needs no library for it."""

from __future__ import annotations

import re
from typing import Any

KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}
KNOWN = {
    *("$defs", "$ref", "$schema", "additionalProperties", "anyOf", "default", "description", "enum", "items"),
    *("maxProperties", "maximum", "minItems", "minProperties", "minimum", "pattern", "properties"),
    *("required", "title", "type"),
}


def accepts(schema: dict[str, Any], value: Any, root: dict[str, Any] | None = None) -> bool:
    """Tell whether a value is valid; a keyword that is not known here is an error of the test."""
    root = root or schema
    assert not (unknown := set(schema) - KNOWN), unknown
    if "$ref" in schema:
        return accepts(root["$defs"][schema["$ref"].removeprefix("#/$defs/")], value, root)
    if "anyOf" in schema:
        return any(accepts(one, value, root) for one in schema["anyOf"])
    if "enum" in schema and value not in schema["enum"]:
        return False
    kind = schema.get("type")
    if kind and (not isinstance(value, KINDS[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return False
    if isinstance(value, dict):
        return _object(schema, value, root)
    if isinstance(value, list):
        enough = len(value) >= schema.get("minItems", 0)
        return enough and all(accepts(schema["items"], item, root) for item in value)
    if isinstance(value, str):
        return re.search(schema.get("pattern", ""), value) is not None
    return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))


def _object(schema: dict[str, Any], value: dict[str, Any], root: dict[str, Any]) -> bool:
    properties = schema["properties"]
    assert schema["additionalProperties"] is False
    return (
        set(schema.get("required", ())) <= set(value) <= set(properties)
        and schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value))
        and all(accepts(properties[name], below, root) for name, below in value.items())
    )
