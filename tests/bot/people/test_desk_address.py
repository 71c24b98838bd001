"""Where a help desk may be, and what `bot check` says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.check import findings
from bot.people.desk_address import desk_address
from bot.settings import BotSettings
from graph.errors import InputError

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
URL = "https://help.shop.example/firstline?key=s3cret"


def settings(folder: Path, **given: Any) -> BotSettings:
    return BotSettings.model_validate({"bot_home": None, "bot_data": folder, "redis_url": None, **given})


@pytest.mark.parametrize("url", [URL, "http://localhost:8000/x", "http://127.0.0.1/x", "http://[::1]:1/x"])
def test_an_address_by_https_or_on_this_machine_is_taken(tmp_path: Path, url: str) -> None:
    found = desk_address(settings(tmp_path, bot_handoff_webhook=url, bot_handoff_webhook_secret=SECRET))
    assert found is not None
    assert found.url == url
    assert "s3cret" not in repr(found)


def test_without_one_there_is_none(tmp_path: Path) -> None:
    assert desk_address(settings(tmp_path)) is None


@pytest.mark.parametrize(
    ("url", "secret", "says"),
    [
        ("http://help.shop.example/x", SECRET, "BOT_HANDOFF_WEBHOOK must begin with https://"),
        ("http://127.0.0.1.shop.example/x", SECRET, "must begin with https://"),
        ("ftp://help.shop.example/x", SECRET, "is no address"),
        ("help.shop.example", SECRET, "is no address"),
        ("https://", SECRET, "is no address"),
        ("https://a b.example", SECRET, "is no address"),
        ("https://[x", SECRET, "is no address"),
        ("https://a.example:x/", SECRET, "is no address"),
        ("https://ada:s3cret@help.shop.example/x", SECRET, "must hold no user and no password"),
        (URL, None, "needs BOT_HANDOFF_WEBHOOK_SECRET"),
        (URL, "s3cret", "BOT_HANDOFF_WEBHOOK_SECRET: it must be whsec_"),
        (None, SECRET, "BOT_HANDOFF_WEBHOOK is not: set both"),
    ],
)
async def test_a_wrong_one_is_named_by_the_check_and_never_shown(
    tmp_path: Path, url: str | None, secret: str | None, says: str
) -> None:
    given = settings(tmp_path, bot_handoff_webhook=url, bot_handoff_webhook_secret=secret)
    with pytest.raises(InputError, match=says) as raised:
        desk_address(given)
    assert "s3cret" not in str(raised.value)
    (finding,) = [found async for found in findings(given) if found.about == "help desk"]
    assert (finding.level, finding.says) == ("wanting", str(raised.value))


async def test_the_check_says_where_it_is_and_whether_it_is_open_now(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "knowledge").mkdir()
    (home / "hours.toml").write_text('zone = "UTC"\n[open]\nmonday = ["09:00-09:01"]\n', encoding="utf-8")
    given = settings(tmp_path, bot_home=home, bot_handoff_webhook=URL, bot_handoff_webhook_secret=SECRET)
    found = {finding.about: finding async for finding in findings(given)}
    assert found["help desk"].level == "ok"
    assert "help.shop.example" in found["help desk"].says
    assert "s3cret" not in found["help desk"].says
    assert found["hours"].level == "ok"
    assert "Mon" in found["hours"].says or "open now" in found["hours"].says
    (home / "hours.toml").write_text('zone = "UTC"\n[open]\nmonday = ["9-17"]\n', encoding="utf-8")
    found = {finding.about: finding async for finding in findings(given)}
    assert found["hours"].level == "wanting"
    assert "hours.toml line 3: open.monday, entry 1" in found["hours"].says
