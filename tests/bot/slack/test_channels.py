"""channels.toml: what it says holds at once, and a mistake in it says where it is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.home import TEMPLATE
from bot.slack.channels import NAME, Channels, Listing, load_channels, read_channels
from bot.slack.reactions import RATINGS
from graph.errors import InputError


def saved(folder: Path, text: str) -> Path:
    path = folder / NAME
    path.write_text(text, encoding="utf-8")
    return path


def look_again(channels: Channels) -> bool:
    """Refresh as if a second had gone by."""
    channels._next_look = 0
    return channels.refresh()


def test_without_a_file_the_bot_answers_where_it_is_mentioned(tmp_path: Path) -> None:
    for channels in (load_channels(None), load_channels(tmp_path)):
        assert channels.mode("C1") == "mention"
        assert not channels.bots("C1")
        assert channels.ratings == RATINGS


def test_a_channel_goes_before_the_default(tmp_path: Path) -> None:
    saved(
        tmp_path,
        """
        default = { mode = "off", bots = true }
        [channels.C1]
        mode = "every_question"
        [channels.G2]
        bots = false
        """,
    )
    channels = load_channels(tmp_path)
    assert [channels.mode(name) for name in ("C1", "G2", "C3")] == ["every_question", "off", "off"]
    assert [channels.bots(name) for name in ("C1", "G2", "C3")] == [True, False, True]


def test_emoji_are_the_adopters_to_choose(tmp_path: Path) -> None:
    saved(tmp_path, '[reactions]\nup = [":party_parrot:", "thumbsup", "ありがとう"]')
    ratings = load_channels(tmp_path).ratings
    assert {name for name, thumb in ratings.items() if thumb == "up"} == {"party_parrot", "+1", "ありがとう"}
    assert ratings["-1"] == "down"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("channels = [", "not readable as TOML"),
        ("[chanels.C1]", "chanels: there is no such key here; there are default, channels.ID, reactions"),
        ("[channels.C1]\nmodes = 1", "channels.C1.modes: there is no such key here; there are mode, bots"),
        (
            '[channels.C1]\nmode = "always"',
            "channels.C1.mode: it must be 'off', 'mention', 'every_question' or 'draft', in quotes",
        ),
        (
            '[channels.C1]\nbots = "yes"',
            "channels.C1.bots: it must be true or false, without quotes",
        ),
        (
            '[channels.support]\nmode = "off"',
            "channels.support: it must be a channel's ID, such as C0123456789",
        ),
        ("default = { bot = true }", "default.bot: there is no such key here; there are mode, bots"),
        ('[reactions]\nup = "+1"', "reactions.up: it must be a list of emoji names"),
        ('[reactions]\nup = ["👍"]', "reactions.up.0: it must be the name that Slack shows for the emoji"),
        ('[reactions]\nleft = ["+1"]', "reactions.left: there is no such key here; there are up, down"),
        ('[reactions]\ndown = ["thumbsup"]', "reactions: '+1' is in both lists"),
        ("channels = 3", "channels: "),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_is_allowed(
    tmp_path: Path, text: str, problem: str
) -> None:
    path = saved(tmp_path, text)
    with pytest.raises(InputError, match=re.escape(f"{path}: {problem}")):
        load_channels(tmp_path)


def test_a_file_that_is_no_text_says_so(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not readable as TOML"):
        load_channels(tmp_path)


def test_a_saved_change_is_taken_over(tmp_path: Path) -> None:
    channels = load_channels(tmp_path)
    saved(tmp_path, '[channels.C1]\nmode = "off"')
    assert look_again(channels)
    assert channels.mode("C1") == "off"
    assert not look_again(channels)


def test_it_looks_at_most_once_a_second(tmp_path: Path) -> None:
    channels = load_channels(tmp_path)
    saved(tmp_path, '[channels.C1]\nmode = "off"')
    assert not channels.refresh()
    assert channels.mode("C1") == "mention"


def test_a_mistake_leaves_the_last_good_file_in_force_and_is_logged_once(tmp_path: Path) -> None:
    saved(tmp_path, '[channels.C1]\nmode = "off"')
    channels = load_channels(tmp_path)
    with capture_logs() as logs:
        saved(tmp_path, '[channels.C1]\nmode = "offf"')
        assert not look_again(channels)
        assert not look_again(channels)
    assert [(entry["event"], entry["problem"]) for entry in logs] == [("channels.wrong", channels.problem)]
    assert "channels.C1.mode" in channels.problem
    assert channels.mode("C1") == "off"
    saved(tmp_path, '[channels.C1]\nmode = "mention"')
    assert look_again(channels)
    assert (channels.mode("C1"), channels.problem) == ("mention", "")


def test_a_deleted_file_leaves_the_last_one_in_force(tmp_path: Path) -> None:
    path = saved(tmp_path, '[channels.C1]\nmode = "off"')
    channels = load_channels(tmp_path)
    path.unlink()
    assert not look_again(channels)
    assert channels.mode("C1") == "off"
    assert "No such file" in channels.problem


def test_the_template_says_what_holds_without_it_and_its_examples_are_valid(tmp_path: Path) -> None:
    template = (TEMPLATE / NAME).read_text(encoding="utf-8")
    assert tomllib.loads(template) == {}
    examples = re.findall(r"^# (\[[\w.]+\]|\w+ = (?:\[.*\]|\"\w+\"|true))$", template, re.MULTILINE)
    # What stands before the first table explains the modes.
    lines = examples[examples.index("[default]") :]
    listing = read_channels(saved(tmp_path, "\n".join(lines)))
    handoff = {"T0123456789": "C0123456789"}
    assert listing == Listing(
        {"C0123456789": "every_question"}, {"C0123456789": True}, handoff_channels=handoff
    )
