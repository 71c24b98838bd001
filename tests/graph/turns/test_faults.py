"""Every fault of every vendor, before and after the first words: a whole answer or a person."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from evals.sim import FAULTS, Fault, Reply, Sim
from evals.sim.script import Body, Script, is_large, last_words
from graph.support import Support
from tests.graph.turns.talking import (
    ESCALATES,
    QUESTION,
    VENDORS,
    WHOLE,
    Heard,
    Vendor,
    apart,
    make_home,
    open_bot,
    say,
    tiers_file,
)

FIRST_TOKEN_S = 0.7
ANSWER_S = 4.0
AT_ONCE = 6
"""Cases at a time: more would make a slow machine's answers late."""
NAMES = list(FAULTS)

REFUSES = ("refusal", "length", "empty")
"""Kinds that are answers of the model's own, so that no other vendor is asked."""

KINDS: dict[str, list[str]] = {
    "http_400": ["rejected"],
    "http_401": ["unauthorized"],
    "http_402": ["out_of_credit"],
    "http_403": ["unauthorized"],
    "http_404": ["unknown_model"],
    "http_413": ["too_long"] * 2,  # the second time without the history
    "http_429": ["rate_limited"],  # for how long is not said: a retry would make it worse
    **{f"http_{status}": ["overloaded"] * 2 for status in (500, 502, 503, 504, 529)},
    "http_429_retry_after": ["rate_limited"] * 2,
    "http_429_retry_after_long": ["rate_limited"],
    "http_429_spend_limit": ["out_of_credit"],
    "http_400_no_credit": ["out_of_credit"],
    "http_400_too_long": ["too_long"] * 2,
    "http_400_tools_unsupported": ["tools_unsupported", "ok"],  # escalation goes by the marker then
    "stall_before_headers": ["too_slow"],
    "reset_before_headers": ["unreachable"] * 2,
    "cut_before_headers": ["unreachable"] * 2,
    **{
        f"{kind}_{when}": ["too_slow"]
        for kind in ("stall", "stall_with_pings", "delay", "delay_with_pings")
        for when in ("before_words", "mid_stream")
    },
    **{
        f"{kind}_{when}": ["cut_off"]
        for kind in ("reset", "cut", "eof", "malformed")
        for when in ("before_words", "mid_stream")
    },
    "event_before_words": ["overloaded"] * 2,
    "event_mid_stream": ["overloaded"],  # words were visible: no second try with the same model
    # The small tier, the large one, and the summary for the person.
    "refusal_before_words": ["refusal", "refusal"],
    "refusal_mid_stream": ["refusal", "refusal"],
    "length_mid_stream": ["length", "length", "length"],
    "empty": ["ok", "ok", "ok"],
}
"""What the faulty vendor's calls come to."""


def fault_of(name: str) -> Fault:
    """Return the fault, its silence longer than the deadlines."""
    fault = FAULTS[name]
    return replace(fault, seconds=4 * FIRST_TOKEN_S) if fault.kind == "delay" else fault


@dataclass
class Faulty:
    """One vendor has the fault whose number the customer writes, in each request; the other has none."""

    vendor: Vendor

    def __call__(self, vendor: str, body: Body) -> Reply:
        number = re.search(r"#(\d{4})", last_words(body))
        assert number
        if vendor != self.vendor:
            return Reply(WHOLE)
        return Reply(WHOLE, fault=fault_of(NAMES[int(number[1])]))


async def run_all(support: Support, names: list[str]) -> dict[str, tuple[Heard, float]]:
    """Run a turn for each fault, a few at once, each with its own breakers; return what came and when."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> tuple[Heard, float]:
        async with room:
            begun = time.monotonic()
            # A number says nothing about shoes, and nothing against.
            heard = await say(apart(support), f"{QUESTION} #{NAMES.index(name):04}", conversation=name)
            return heard, time.monotonic() - begun

    return dict(zip(names, await asyncio.gather(*(one(name) for name in names)), strict=True))


def test_every_fault_has_an_expectation() -> None:
    """A new fault of the stand-ins needs a line in the table."""
    assert set(KINDS) == set(FAULTS)


@pytest.mark.parametrize("vendor", VENDORS)
async def test_with_both_keys_the_other_vendor_gives_a_whole_answer(vendor: Vendor, tmp_path: Path) -> None:
    """The leader has the fault: the next one answers whole; what the model itself ends goes to a person."""
    other: Vendor = "openai" if vendor == "anthropic" else "anthropic"
    tiers = tiers_file((vendor, other), first_token=FIRST_TOKEN_S, stall=FIRST_TOKEN_S, answer=ANSWER_S)
    async with (
        Sim(script=Script(Faulty(vendor))) as sim,
        open_bot(make_home(tmp_path, tiers), sim) as support,
    ):
        await say(support, f"{QUESTION} #{NAMES.index('http_404'):04}", conversation="connects")
        found = await run_all(support, NAMES)
    for name, (heard, seconds) in found.items():
        answers_itself = FAULTS[name].kind in REFUSES
        _check_whole(name, heard, seconds)
        _check_calls(name, heard, vendor)
        assert heard.record.outcome == ("handed_off" if answers_itself else "answered"), name
        if not answers_itself:
            assert heard.text == WHOLE, name
            assert heard.record.calls[-1].outcome == "ok", name
            assert heard.record.calls[-1].provider == (other if KINDS[name][-1] != "ok" else vendor), name


@pytest.mark.parametrize("vendor", VENDORS)
async def test_with_one_key_the_articles_are_quoted(vendor: Vendor, tmp_path: Path) -> None:
    """No other vendor is there: what the articles cover is quoted."""
    tiers = tiers_file(first_token=FIRST_TOKEN_S, stall=FIRST_TOKEN_S, answer=ANSWER_S)
    async with (
        Sim(script=Script(Faulty(vendor))) as sim,
        open_bot(make_home(tmp_path, tiers), sim, [vendor]) as support,
    ):
        opening = support.services.prompts.phrases.say("extractive_opening", "en")
        closing = support.services.prompts.phrases.say("extractive_closing", "en")
        found = await run_all(support, NAMES)
    for name, (heard, seconds) in found.items():
        answers_itself = FAULTS[name].kind in REFUSES
        _check_whole(name, heard, seconds)
        _check_calls(name, heard, vendor)
        assert heard.record.outcome == ("handed_off" if answers_itself else "answered"), name
        if KINDS[name][-1] == "ok" and not answers_itself:
            assert heard.text == WHOLE, name
        elif not answers_itself:
            assert heard.text.startswith(opening), name
            assert heard.text.endswith(closing), name
            assert heard.record.sources, name
            assert heard.record.route.tier == "extractive", name


def _check_whole(name: str, heard: Heard, seconds: float) -> None:
    """Check that no half answer stands there, and that nobody waited beyond the deadline."""
    assert seconds < 2 * ANSWER_S, name
    assert heard.record.total_ms < 2000 * ANSWER_S, name
    assert "whole answer" not in heard.text.replace(WHOLE, ""), name
    # Three pieces were sent before the fault: they are taken back before other words come.
    if name.endswith("mid_stream"):
        assert heard.restarts, name


def _check_calls(name: str, heard: Heard, vendor: Vendor) -> None:
    """Check that each call is accounted for under its kind."""
    calls = heard.record.calls
    assert [call.outcome for call in calls if call.provider == vendor] == KINDS[name], name
    for call in calls:
        assert call.total_ms is not None, name
        assert call.prompt_versions, name
        if call.outcome == "ok":
            assert call.usage is not None, name
            assert call.cost_usd is not None, name


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("name", ["http_529", "http_500", "reset_before_headers", "event_before_words"])
async def test_a_fault_that_passes_costs_one_quick_retry(name: str, vendor: Vendor, tmp_path: Path) -> None:
    """The second try with the same model gives the answer; nothing was visible, so nothing restarts."""
    async with Sim(script=Script(lambda _vendor, _body: Reply(WHOLE))) as sim:
        sim.script.next(Reply(WHOLE, fault=FAULTS[name]))
        async with open_bot(make_home(tmp_path), sim, [vendor]) as support:
            heard = await say(support)
    assert heard.text == WHOLE
    assert heard.outcomes == [KINDS[name][0], "ok"]
    assert heard.restarts == []


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_dead_large_model_leads_to_a_person(vendor: Vendor, tmp_path: Path) -> None:
    """A quotation is no answer to what the small model found too hard."""

    def rule(_vendor: str, body: Body) -> Reply:
        if is_large(str(body["model"])):
            return Reply(WHOLE, fault=FAULTS["cut_mid_stream"])
        return Reply(tools=(ESCALATES,))

    async with (
        Sim(script=Script(rule)) as sim,
        open_bot(make_home(tmp_path), sim, [vendor]) as support,
    ):
        heard = await say(support)
    assert heard.record.outcome == "handed_off"
    assert heard.outcomes == ["escalated", "cut_off"]
    assert len(heard.restarts) == 1
    assert "This is sen" not in heard.text
