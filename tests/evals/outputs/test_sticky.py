"""One comment a pull request and one issue a subject, whatever GitHub answers in between."""

from __future__ import annotations

import pytest

from evals.outputs.github import GithubError
from evals.outputs.sticky import Posted, upsert_comment, upsert_issue
from tests.evals.outputs.github_sim import REPO, TOKEN, GithubSim, github_sim

MARK = "<!-- firstline-evals:evals -->"
NO_PAUSES = (0.0, 0.0)


async def post(sim: GithubSim, body: str, token: str = TOKEN) -> Posted:
    return await upsert_comment(sim.url, token, REPO, 7, body, pauses_s=NO_PAUSES)


async def test_the_first_is_created_and_the_next_updates_it() -> None:
    async with github_sim() as sim:
        assert await post(sim, f"{MARK}\none") == "created"
        assert await post(sim, f"{MARK}\ntwo") == "updated"
        assert await post(sim, f"{MARK}\ntwo") == "unchanged"
        assert [each["body"] for each in sim.comments[7]] == [f"{MARK}\ntwo"]


async def test_it_is_found_behind_hundreds_of_others() -> None:
    async with github_sim() as sim:
        for number in range(250):
            sim.comment(7, f"comment {number}", "User")
        ours = sim.comment(7, f"{MARK}\r\nold")
        assert await post(sim, f"{MARK}\nnew") == "updated"
        assert ours["body"] == f"{MARK}\nnew"
        assert len(sim.comments[7]) == 251


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (f"{MARK}\nI am the evals", "User"),
        (f"> {MARK}", "Bot"),
        ("<!-- firstline-evals:other -->", "Bot"),
        (f"hello {MARK}", "Bot"),
    ],
)
async def test_what_only_looks_like_it_is_left_alone(body: str, kind: str) -> None:
    async with github_sim() as sim:
        theirs = sim.comment(7, body, kind)
        assert await post(sim, f"{MARK}\nnew") == "created"
        assert theirs["body"] == body


async def test_a_fork_s_token_may_not_and_that_is_said() -> None:
    async with github_sim() as sim:
        sim.faults.append(("POST", 403, {}))
        assert await post(sim, MARK) == "forbidden"


@pytest.mark.parametrize(
    "fault",
    [("POST", 500, {}), ("GET", 502, {}), ("POST", 403, {"Retry-After": "0"}), ("GET", 429, {})],
    ids=["after the write", "before", "a limit", "another limit"],
)
async def test_it_is_tried_again_and_stands_there_once(fault: tuple[str, int, dict[str, str]]) -> None:
    async with github_sim() as sim:
        sim.faults.append(fault)
        assert await post(sim, f"{MARK}\none") in ("created", "unchanged")
        assert len(sim.comments[7]) == 1


async def test_it_is_not_tried_for_ever() -> None:
    async with github_sim() as sim:
        sim.faults.extend([("GET", 503, {})] * 3)
        with pytest.raises(GithubError, match=r"503: .*fault 503"):
            await post(sim, MARK)
        assert len(sim.seen) == 3


async def test_what_github_refuses_is_not_tried_again() -> None:
    async with github_sim() as sim:
        with pytest.raises(GithubError, match=r"422: .*too long"):
            await post(sim, MARK + "x" * 70_000)
        assert [method for method, _ in sim.seen] == ["GET", "POST"]


async def test_a_wrong_token_is_a_fault() -> None:
    async with github_sim() as sim:
        with pytest.raises(GithubError, match=r"401: .*Bad credentials"):
            await post(sim, MARK, token="wrong")


async def test_nobody_there_is_one_sentence() -> None:
    async with github_sim() as sim:
        gone = sim.url
    with pytest.raises(GithubError, match="GitHub cannot be reached"):
        await upsert_comment(gone, TOKEN, REPO, 7, MARK, pauses_s=())


async def test_an_issue_is_opened_once_and_updated() -> None:
    async with github_sim() as sim:

        async def raise_it(body: str) -> Posted:
            return await upsert_issue(
                sim.url, TOKEN, REPO, "Drift", body, label="evals-drift", pauses_s=NO_PAUSES
            )

        sim.issue("Drift", f"{MARK}\nfake", ["evals-drift"], kind="User")
        closed = sim.issue("Drift", f"{MARK}\nlong ago", ["evals-drift"])
        closed["state"] = "closed"
        assert await raise_it(f"{MARK}\none") == "created"
        assert await raise_it(f"{MARK}\ntwo") == "updated"
        assert [each["body"] for each in sim.issues] == [
            f"{MARK}\nfake",
            f"{MARK}\nlong ago",
            f"{MARK}\ntwo",
        ]
        assert sim.issues[-1]["labels"] == ["evals-drift"]
