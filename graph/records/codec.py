"""TurnRecord, Feedback and Transcript as JSON and back: one object a line, the same fields whoever writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import (
    Any,
    ClassVar,
    Literal,
    Protocol,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from graph.turn import Call, Feedback, Route, Transcript, TurnRecord

Entry: TypeAlias = TurnRecord | Feedback | Transcript | Call
"""What a ledger holds; a call is also kept by itself while its turn is under way."""


class Record(Protocol):
    """Any dataclass of texts, numbers, flags, optional values, lists of them, and other records."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


E = TypeVar("E", bound=Record)

_ORDER: dict[type, tuple[str, ...]] = {
    TurnRecord: (
        *("turn_id", "messages", "attempt", "conversation", "customer", "received_at", "language"),
        *("route", "calls", "sources", "delivery_ms", "queue_ms", "first_words_ms", "total_ms"),
        *("cost_usd", "outcome"),
    ),
    Route: ("tier", "by", "reason", "confidence"),
    Call: (
        *("tier", "provider", "model", "prompt_versions", "usage"),
        *("cost_usd", "ttft_ms", "total_ms", "outcome"),
    ),
}
"""The order of the keys where it is not that of the fields; a field that is not named comes last."""

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(", ", ": ")).encode


class RecordError(ValueError):
    """A line or object is not the record that it should be; says which field is wrong."""


def to_dict(entry: Record) -> dict[str, Any]:
    """Return the record as plain JSON values, its keys always in the same order."""
    return _object(entry)


def to_line(entry: Record) -> str:
    """Return the record as one line of JSON, without the line break; always encodable as UTF-8.

    Raises RecordError where a number is infinite or not a number.
    """
    try:
        line = _encode(_object(entry))
    except ValueError as error:
        raise RecordError(f"{_label(type(entry))} cannot be written as JSON: {error}") from None
    # Half a surrogate pair, which Slack can send, becomes the JSON escape of itself.
    return line if line.isascii() else line.encode("utf-8", "backslashreplace").decode("utf-8")


def from_dict(kind: type[E], data: object) -> E:
    """Build a record from plain JSON values; fields of a newer version are ignored.

    Raises RecordError naming the field that is missing or of the wrong type.
    """
    entry: E = _reader(kind)(data, "")
    return entry


def from_line(kind: type[E], line: str | bytes) -> E:
    """Build a record from one line of JSON; raises RecordError as `from_dict` does."""
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{_label(kind)} is not JSON: {error}") from None
    return from_dict(kind, data)


def _label(kind: type) -> str:
    return {
        TurnRecord: "The turn record",
        Feedback: "The feedback",
        Transcript: "The transcript",
        Call: "The call",
    }.get(kind, f"The {kind.__name__.lower()}")


def _object(entry: Any) -> dict[str, Any]:
    kind = type(entry)
    keys = _KEYS.get(kind)
    if keys is None:
        keys = _KEYS[kind] = _keys(kind)
    return {key: _plain(getattr(entry, key)) for key in keys}


_KEYS: dict[type, tuple[str, ...]] = {}


def _keys(kind: Any) -> tuple[str, ...]:
    names = [field.name for field in fields(kind)]
    first = [name for name in _ORDER.get(kind, ()) if name in names]
    return (*first, *(name for name in names if name not in first))


def _plain(value: object) -> object:
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return dict(value)
    return _object(value)


Read: TypeAlias = Callable[[object, str], Any]
"""Takes a JSON value and the path of its field, which errors name; returns what the record holds."""


_READERS: dict[Any, Read] = {}


def _reader(hint: Any) -> Read:
    """Return the function that reads values of this type, built once a type so that reading stays quick."""
    if hint not in _READERS:
        _READERS[hint] = _new_reader(hint)
    return _READERS[hint]


def _new_reader(hint: Any) -> Read:
    if is_dataclass(hint) and isinstance(hint, type):
        return _dataclass_reader(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return _literal_reader(arguments)
    if origin is tuple:
        return _list_reader(_reader(arguments[0]))
    if origin is dict:
        return _map_reader(_reader(arguments[1]))
    if origin in (Union, UnionType):
        (inner,) = (argument for argument in arguments if argument is not NoneType)
        return _optional_reader(_reader(inner))
    return _scalar_reader(hint)


def _dataclass_reader(kind: type) -> Read:
    hints = get_type_hints(kind)
    readers = [(f.name, _reader(hints[f.name]), f.default is MISSING) for f in fields(kind)]

    def read(data: object, path: str) -> Any:
        if not isinstance(data, dict):
            raise RecordError(f"{path or 'The record'} should be an object, not {_shown(data)}")
        values = {}
        for name, convert, required in readers:
            if name in data:
                values[name] = convert(data[name], f"{path}.{name}" if path else name)
            elif required:
                raise RecordError(f"{path + '.' if path else ''}{name} is missing")
        return kind(**values)

    return read


def _list_reader(convert: Read) -> Read:
    def read(data: object, path: str) -> tuple[Any, ...]:
        if not isinstance(data, (list, tuple)):
            raise RecordError(f"{path} should be a list, not {_shown(data)}")
        return tuple(convert(item, f"{path}[{index}]") for index, item in enumerate(data))

    return read


def _map_reader(convert: Read) -> Read:
    def read(data: object, path: str) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise RecordError(f"{path} should be an object, not {_shown(data)}")
        return {str(key): convert(value, f"{path}.{key}") for key, value in data.items()}

    return read


def _optional_reader(convert: Read) -> Read:
    def read(data: object, path: str) -> Any:
        return None if data is None else convert(data, path)

    return read


def _literal_reader(values: tuple[Any, ...]) -> Read:
    def read(data: object, path: str) -> Any:
        if data not in values:
            raise RecordError(f"{path} should be one of {', '.join(map(str, values))}, not {_shown(data)}")
        return data

    return read


def _scalar_reader(kind: type) -> Read:
    name = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}[kind]

    def read(data: object, path: str) -> Any:
        if kind is float and type(data) in (int, float):
            return _number(data, path)
        # Not isinstance: True is an int in Python, and no number in JSON.
        if type(data) is not kind:
            raise RecordError(f"{path} should be {name}, not {_shown(data)}")
        return data

    return read


def _number(data: Any, path: str) -> float:
    # Python reads NaN, 1e999 and integers of any length as JSON; none of them is a time or a price.
    if not -1e300 < data < 1e300:
        raise RecordError(f"{path} should be a number, and is not a finite one")
    return float(data)


def _shown(data: object) -> str:
    # Never the value itself: it may be a customer's words, and errors end up in logs.
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false", NoneType: "null"}
    return kinds.get(type(data), "a number")
