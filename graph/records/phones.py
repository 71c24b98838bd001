"""Phone numbers told apart from order numbers, dates and prices."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "IN", "AU", "BR")
"""Whose national ways of writing are recognised; numbers with a country code are, wherever they are from."""

_MOST_CHECKS = 20
"""Lookups in the numbering plans a text; what looks like a number beyond that is taken for one unseen."""

_GAP = "[ \u00a0()./-]{0,3}+"
_INTERNATIONAL = re.compile(rf"\+[ (]?\d(?:{_GAP}\d){{6,14}}(?!\d)")
_NATIONAL = re.compile(rf"(?<![\w#@/.=+-])\(?\d(?:{_GAP}\d){{5,14}}(?![\w@%])")
_NORTH_AMERICAN = re.compile(r"(?:1[ .-])?\(?\d{3}\)?[ .-]\s?\d{3}[ .-]\d{4}")
_AREA_CODE_APART = re.compile(r"\(\d{3}\) ?\d{3}[ .-]\d{4}")
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?!\d)|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})(?!\d)")
_PHONE_WORD = re.compile(
    r"\b(?:tele(?:ph|f)on\w*|phone|tel|call|mobile?|cell|whatsapp|fax|sms|text me|reach me|handy|m[oó]vil)\b"
    r"[^\d\n]{0,16}$",
    re.IGNORECASE,
)
_NUMBER_OF_SOMETHING = re.compile(
    r"(?:order|invoice|ticket|tracking|parcel|shipment|case|article|item|sku|serial|reference|customer"
    r"|bestell\w*|auftrag\w*|rechnung\w*|sendung\w*|artikel\w*|kunden\w*|commande|facture|pedido|factura)"
    r"[^\d\n]{0,14}$",
    re.IGNORECASE,
)


def redact_phones(text: str) -> str:
    """Replace phone numbers by `[phone]`; order numbers, dates and prices stay."""
    checks = count(1)
    text = _INTERNATIONAL.sub(lambda found: _international(found[0], checks), text)
    return _NATIONAL.sub(lambda found: _national(found, checks), text)


def _international(written: str, checks: Iterator[int]) -> str:
    # What follows the number ("+49 30 901820 10 pieces") stays where the numbering plan tells its end.
    spans = _spans(written, None, strict=False) if next(checks) <= _MOST_CHECKS else []
    start, end = spans[0] if spans else (0, len(written))
    return f"{written[:start]}[phone]{written[end:]}"


def _national(found: re.Match[str], checks: Iterator[int]) -> str:
    written = found[0]
    before = found.string[max(0, found.start() - 40) : found.start()]
    if _AREA_CODE_APART.fullmatch(written):  # nobody writes an order number so
        return "[phone]"
    if _DATE.match(written) or _NUMBER_OF_SOMETHING.search(before):
        return written
    if _PHONE_WORD.search(before) or _NORTH_AMERICAN.fullmatch(written):
        return "[phone]"
    digits = sum(character.isdigit() for character in written)
    grouped = len(written) > digits
    if not grouped and not (written[0] == "0" and 10 <= digits <= 15):
        return written
    if next(checks) > _MOST_CHECKS:
        return "[phone]"
    return "[phone]" if _in_a_plan(written) else written


def _in_a_plan(written: str) -> bool:
    if written.startswith("00"):
        return bool(_spans("+" + written[2:], None, strict=False))
    return any(_spans(written, region, strict=True) for region in REGIONS)


def _spans(written: str, region: str | None, *, strict: bool) -> list[tuple[int, int]]:
    # Slow to import (50 ms), and most texts hold nothing that looks like a number.
    from phonenumbers import Leniency, PhoneNumberMatcher

    leniency = Leniency.STRICT_GROUPING if strict else Leniency.VALID
    matcher = PhoneNumberMatcher(written, region, leniency=leniency, max_tries=3)
    return [(match.start, match.end) for match in matcher]
