"""The stand-in for Slack as a process of its own."""

from __future__ import annotations

import asyncio
import json
import signal
import sys

import aiohttp
import pytest


async def test_it_prints_where_it_listens_and_leaves_at_sigterm(http: aiohttp.ClientSession) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error",
        "-m",
        "evals.sim.slack",
        "--json",
        json.dumps({"transport": "none", "team": "T1", "retry_after_s": [0.0]}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    urls = json.loads(await asyncio.wait_for(process.stdout.readline(), 10))
    said = {"user": "U1", "channel": "D1", "text": "Hello"}
    async with http.post(f"{urls['control']}say", json=said) as response:
        assert (await response.json())["ok"]
    async with http.post(f"{urls['api']}auth.test") as response:
        assert (await response.json())["error"] == "not_authed"
    faults = {"faults": [{"kind": "reset"}]}
    async with http.post(f"{urls['control']}settings", json=faults) as response:
        assert response.status == 200
    with pytest.raises(aiohttp.ClientError):
        await http.post(f"{urls['api']}auth.test")
    process.send_signal(signal.SIGTERM)
    _, errors = await asyncio.wait_for(process.communicate(), 5)
    assert (process.returncode, errors) == (0, b"")


async def test_a_setting_that_there_is_not_is_named() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "evals.sim.slack", "--json", '{"wether": 1}', stderr=asyncio.subprocess.PIPE
    )
    _, errors = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 2
    assert b"unknown settings: wether" in errors


async def test_the_command_starts_slack_beside_the_models(http: aiohttp.ClientSession) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "evals", "sim", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout
    said = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
    env = said["env"]
    assert (env["SLACK_API_URL"], env["ANTHROPIC_BASE_URL"]) == (said["slack"], said["anthropic"])
    headers = {"Authorization": f"Bearer {env['SLACK_BOT_TOKEN']}"}
    async with http.post(f"{env['SLACK_API_URL']}auth.test", headers=headers) as response:
        assert (await response.json())["ok"]
    process.send_signal(signal.SIGTERM)
    _, errors = await asyncio.wait_for(process.communicate(), 5)
    assert (process.returncode, errors) == (0, b"")
