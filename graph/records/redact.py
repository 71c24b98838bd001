"""Personal data and secrets taken out of text; a word in brackets says what stood there."""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import ip_address

from graph.records.phones import redact_phones
from graph.turn import Transcript

# Every pattern runs in linear time, whatever it is given: quantifiers are possessive, bounded, or at its end.
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}+-----.*?(?:-----END [A-Z0-9 ]{0,40}+-----|\Z)", re.DOTALL)
_TOKEN = re.compile(
    r"""
      xox[abceoprs][-.][A-Za-z0-9.-]{8,}+              # Slack
    | xapp-[A-Za-z0-9-]{8,}+
    | hooks\.slack\.com/(?:services|workflows|triggers|actions|commands|app)/[A-Za-z0-9/_-]{8,}+
    | slack-files\.com/[A-Za-z0-9/_-]{8,}+
    | (?<![A-Za-z0-9])sk-ant-[A-Za-z0-9_-]{8,}+
    | (?<![A-Za-z0-9])sk-(?=[A-Za-z_-]{0,80}+[0-9])[A-Za-z0-9_-]{16,}+   # a digit: "disk-", "risk-" are words
    | (?<![A-Za-z0-9])[rs]k_(?:live|test)_[A-Za-z0-9]{8,}+
    | A[KS]IA[0-9A-Z]{16}
    | gh[oprsu]_[A-Za-z0-9]{20,}+
    | github_pat_[A-Za-z0-9_]{20,}+
    | glpat-[A-Za-z0-9_-]{16,}+
    | AIza[A-Za-z0-9_-]{30,}+
    | eyJ[A-Za-z0-9_-]{10,}+(?:\.[A-Za-z0-9_-]++){0,4}  # a JSON web token
    """,
    re.VERBOSE,
)
_BEARER = re.compile(r"\b(bearer|basic)[ \t]{1,4}+[A-Za-z0-9._~+/=-]{16,}+", re.IGNORECASE)
_PARAMETER = re.compile(
    r"""([?&;](?:access_|refresh_|id_)?(?:token|ticket|secret|client_secret|code|api_?key|key|sig|signature)=)"""
    r"""[^&;\s"'<>\\]{6,}+""",
    re.IGNORECASE,
)
_PASSWORD_IN_URL = re.compile(r"://[^\s/@:\[\]]{0,100}+:[^\s/@\[\]]{1,200}+@")

_EMAIL = re.compile(r"(?<![\w.+%~-])[\w.+%~-]++@[\w-]++(?:\.[\w-]++)++")
_IBAN_START = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?=[ -]?[A-Za-z0-9])")
_IBAN_LENGTH = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU XK",
        21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS", 23: "AE GI IL IQ TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR", 27: "FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HU LB PL SV", 29: "BR EG PS QA UA", 30: "JO KW MU", 31: "MT SC", 32: "LC",
    }.items()
    for country in countries.split()
}  # fmt: skip
_DIGIT_GROUPS = re.compile("(?<!\\d)\\d++(?:[ \u00a0.-]{1,3}+\\d++)*+")
_DIGITS = re.compile(r"\d++")
_CARD = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[0-8]\d{14}|2[2-7]\d{14}|6\d{15,18}|3[47]\d{13}|3[0689]\d{12}|35\d{14}", re.ASCII
)
_MOST_CARD_GROUPS = 6
_IP = re.compile(
    r"(?<![\w:.])(?:\d{1,3}+(?:\.\d{1,3}+){3}|[0-9A-Fa-f]{0,4}+(?::[0-9A-Fa-f]{0,4}+){2,7})(?![\w:]|\.\d)"
)


def redact(text: str) -> str:
    """Replace e-mail addresses, phone, card and account numbers, IP addresses and secrets by placeholders.

    Order numbers, dates and prices stay. Redacting twice is redacting once.
    """
    text = redact_secrets(text)
    if "@" in text:
        text = _EMAIL.sub(_email, text)
    if _DIGITS.search(text):
        text = _redact_ibans(text)
        text = _DIGIT_GROUPS.sub(_cards, text)
        text = _IP.sub(_ip, text)
        text = redact_phones(text)
    elif "::" in text:
        text = _IP.sub(_ip, text)
    return text


def redact_secrets(text: str) -> str:
    """Replace what opens doors (API keys, tokens, private keys, passwords in addresses) by `[secret]`."""
    text = _PEM.sub("[secret]", text)
    text = _TOKEN.sub("[secret]", text)
    text = _BEARER.sub(r"\1 [secret]", text)
    if "=" in text:
        text = _PARAMETER.sub(r"\1[secret]", text)
    return _PASSWORD_IN_URL.sub("://[secret]@", text)


def redact_transcript(transcript: Transcript) -> Transcript:
    """Return the transcript with every text of it redacted."""
    asked = tuple(redact(text) for text in transcript.asked)
    review = transcript.review and replace(transcript.review, draft=redact(transcript.review.draft))
    return replace(transcript, asked=asked, answer=redact(transcript.answer), review=review)


def _email(found: re.Match[str]) -> str:
    ending = found[0].rsplit(".", 1)[1]
    return found[0] if ending.isdigit() or len(ending) < 2 else "[email]"


def _redact_ibans(text: str) -> str:
    parts: list[str] = []
    done = 0
    for found in _IBAN_START.finditer(text):
        end = _iban_end(text, found.start()) if found.start() >= done else None
        if end is not None:
            parts += text[done : found.start()], "[iban]"
            done = end
    return "".join(parts) + text[done:]


def _iban_end(text: str, start: int) -> int | None:
    length = _IBAN_LENGTH.get(text[start : start + 2].upper())
    if length is None:
        return None
    window = text[start : start + 2 * length]
    taken: list[str] = []
    for offset, character in enumerate(window):
        if character.isascii() and character.isalnum():
            taken.append(character)
        elif character not in " -":
            return None
        if len(taken) == length:
            end = start + offset + 1
            whole = not text[end : end + 1].isalnum()
            return end if whole and _mod_97("".join(taken)) == 1 else None
    return None


def _mod_97(iban: str) -> int:
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97


def _cards(found: re.Match[str]) -> str:
    """Replace every card number in groups of digits: whole groups, at most six of them."""
    run = found[0]
    if len(run) < 13:
        return run
    groups = [(match.start(), match.end()) for match in _DIGITS.finditer(run)]
    parts: list[str] = []
    done = first = 0
    while first < len(groups):
        last = _card_end(run, groups, first)
        if last is not None:
            parts += run[done : groups[first][0]], "[card]"
            done, first = groups[last][1], last
        first += 1
    return "".join(parts) + run[done:]


def _card_end(run: str, groups: list[tuple[int, int]], first: int) -> int | None:
    digits = ""
    for last in range(first, min(first + _MOST_CARD_GROUPS, len(groups))):
        start, end = groups[last]
        digits += run[start:end] if end - start <= 19 else "0" * 20
        if len(digits) > 19:
            return None
        if len(digits) >= 13 and _CARD.fullmatch(digits) and _luhn(digits):
            return last
    return None


def _luhn(digits: str) -> bool:
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(map(int, odd)) + sum(sum(divmod(2 * int(digit), 10)) for digit in even)) % 10 == 0


def _ip(found: re.Match[str]) -> str:
    if len(found[0]) < 6:  # `::1` is nobody's address
        return found[0]
    try:
        ip_address(found[0])
    except ValueError:
        return found[0]
    return "[ip]"
