"""The page as a person uses it: filters, search, keys, transcripts; nothing loaded, nothing complained of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from evals.outputs.page import page
from evals.suite.report import Report
from tests.evals.outputs.browser import Tab, tab
from tests.evals.outputs.reports import many, report, with_words

SHOWN = "[...document.querySelectorAll('.case')].filter(e => !e.hidden).map(e => e.id.slice(5))"
HOSTILE = (
    "</script><script>document.title = 'owned'</script><img src=https://x.example/a.png onerror=alert(1)>"
    "<!--<script> \u2028 \ud800 &quot; ' \" `${document.title='owned'}` @@DATA@@"
)


@asynccontextmanager
async def opened(folder: Path, made: Report, anchor: str = "") -> AsyncIterator[Tab]:
    """Open a report's page; at the end, it must have loaded itself alone and have nothing to complain of."""
    file = folder / "report.html"
    file.write_text(page(made), encoding="utf-8", errors="replace")
    async with tab(folder, f"{file.as_uri()}{anchor}") as there:
        yield there
        assert [url.partition("#")[0] for url in there.requests] == [file.as_uri()]
        assert there.complaints == []


async def click(there: Tab, selector: str) -> None:
    await there.run(f"document.querySelector({selector!r}).click()")


async def test_filters_search_and_tags_choose_cases(tmp_path: Path) -> None:
    async with opened(tmp_path, report()) as there:
        assert await there.run(SHOWN) == ["late-refund", "shoes"]  # what flipped comes first
        await click(there, "[data-filter=failing]")
        assert await there.run(SHOWN) == ["late-refund", "shoes"]
        assert await there.run("document.querySelector('[data-filter=failing]').ariaPressed") == "true"
        await click(there, "[data-filter=stale]")
        assert await there.run(SHOWN) == ["exchange", "window"]
        await click(there, "[data-filter=errors]")
        assert await there.run(SHOWN) == ["outage"]
        await click(there, "[data-filter=all]")
        assert len(await there.run(SHOWN)) == 7
        await click(there, "[data-tag=refunds]")
        assert await there.run(SHOWN) == ["late-refund"]
        assert await there.run("document.getElementById('count').textContent") == "1 of 7 shown"


async def test_keys_search_walk_and_open(tmp_path: Path) -> None:
    async with opened(tmp_path, report()) as there:
        await click(there, "[data-filter=all]")
        await there.run("document.activeElement.blur()")
        await there.press("/")
        await there.type("november BACK")
        assert await there.run(SHOWN) == ["late-refund"]
        await there.press("Escape")
        assert len(await there.run(SHOWN)) == 7
        for _ in range(2):
            await there.press("j")
        assert await there.run("document.activeElement.parentElement.id") == "case=late-refund"
        await there.press("Enter")
        assert await there.run("document.getElementById('case=late-refund').open") is True
        await there.press("k")
        assert await there.run("document.activeElement.parentElement.id") == "case=greeting"


async def test_nothing_found_is_said(tmp_path: Path) -> None:
    async with opened(tmp_path, report()) as there:
        await there.run("document.getElementById('search').focus()")
        await there.type("no such words")
        assert await there.run(SHOWN) == []
        assert await there.run("document.getElementById('none').hidden") is False


async def test_both_transcripts_stand_side_by_side_with_their_words_marked(tmp_path: Path) -> None:
    async with opened(tmp_path, report(), "#case=shoes") as there:
        body = "document.getElementById('case=shoes')"
        answers = await there.run(f"[...{body}.querySelectorAll('.answer')].map(e => e.textContent)")
        assert [answer.split()[6] for answer in answers] == ["30", "14", "30", "14"]
        assert await there.run(f"{body}.querySelector('del').textContent") == "30"
        assert await there.run(f"{body}.querySelector('ins').textContent") == "14"
        left, right = await there.run(
            f"[...{body}.querySelectorAll('.turn')].slice(0, 2).map(e => e.getBoundingClientRect().left)"
        )
        assert right > left
        text = await there.run(f"{body}.innerText")
        for wanted in (
            "first words 430 ms",
            "0.0021 USD",
            "returns/return-window.md",
            "Is the answer friendly?",
        ):
            assert wanted in text
        await there.run(f"{body}.querySelectorAll('.trials button')[2].click()")
        assert await there.run(f"{body}.querySelectorAll('.side').length") == 0


async def test_times_and_cost_of_a_stand_in_are_not_shown(tmp_path: Path) -> None:
    results = tuple(
        replace(each, trials=tuple(replace(trial, source="stand-in") for trial in each.trials))
        for each in report().results
    )
    async with opened(tmp_path, replace(report(), source="stand-in", results=results, flips=())) as there:
        await click(there, "#open")
        text = await there.run("document.body.innerText")
        assert "USD" not in text
        assert "first words" not in text
        assert "from a stand-in" in text


async def test_hostile_words_stay_words(tmp_path: Path) -> None:
    async with opened(tmp_path, with_words(HOSTILE)) as there:
        await click(there, "[data-filter=all]")
        await click(there, "#open")
        assert "owned" not in (await there.run("document.title")).split("(")[0]
        assert await there.run("document.images.length") == 0
        assert await there.run("document.scripts.length") == 2
        answer = await there.run("document.querySelector('.answer').textContent")
        assert answer == HOSTILE


async def test_a_thousand_cases_are_there_soon_and_filled_when_opened(tmp_path: Path) -> None:
    async with opened(tmp_path, many(1000, 3)) as there:
        assert len(await there.run(SHOWN)) == 50
        await click(there, "[data-filter=all]")
        assert await there.run("document.querySelectorAll('.case').length") == 1000
        assert await there.run("document.querySelectorAll('.body').length") == 0
        # Layout included; a person's limit, on a machine that is busy.
        took = await there.run(
            "(() => { const s = document.getElementById('search'), t = performance.now();"
            " s.value = 'parcel'; s.dispatchEvent(new Event('input')); document.body.offsetHeight;"
            " return performance.now() - t })()"
        )
        assert took < 2000
        await there.run("document.querySelector('.case:not([hidden])').open = true")
        await there.run("new Promise(requestAnimationFrame)")
        assert await there.run("document.querySelectorAll('.body').length") == 1


@pytest.mark.parametrize("width", [360, 1280])
async def test_nothing_stands_out_of_the_window(tmp_path: Path, width: int) -> None:
    wide = with_words("word" * 80)
    for made in (report(), wide):
        async with opened(tmp_path, made) as there:
            await there.ask(
                "Emulation.setDeviceMetricsOverride",
                width=width,
                height=900,
                deviceScaleFactor=1,
                mobile=False,
            )
            await click(there, "#open")
            assert await there.run("document.documentElement.scrollWidth") <= width
