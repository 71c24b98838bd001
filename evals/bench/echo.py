"""The vendors' stand-in as a process whose answers begin with the nonce of their question."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from evals.bench.serving import ServingError, clean_environment, stop
from evals.bench.vendor import Vendor, serve
from evals.sim.script import SENTENCE, Body, DefaultRule, Reply, last_words
from evals.sim.script import Vendor as VendorName

DIGITS = "abcdefghijkmnpqrstuvwxyz23456789"
ASKED = re.compile(r"\(ref ([a-z0-9]{3})\)")


def nonce(number: int) -> str:
    """Return the nonce of a question: three characters, so that with a space it is one token of an answer."""
    size = len(DIGITS)
    return "".join(DIGITS[number // size**place % size] for place in (2, 1, 0))


def question(text: str, sign: str) -> str:
    """Return a question that asks for an answer beginning with this nonce."""
    return f"{text} (ref {sign})"


def echoed(sign: str, tokens: int) -> str:
    """Return the answer of so many tokens to a question with this nonce."""
    length = tokens * 4
    return f"{sign} {SENTENCE.strip()}{SENTENCE * (length // len(SENTENCE) + 1)}"[:length].rstrip()


@dataclass(frozen=True, slots=True)
class EchoRule:
    """Answers as the default rule does, with the last nonce of the question as the first word."""

    base: DefaultRule

    def __call__(self, vendor: VendorName, body: Body) -> Reply:
        """Answer one request."""
        reply = self.base(vendor, body)
        signs = ASKED.findall(last_words(body))
        return replace(reply, text=echoed(signs[-1], self.base.tokens)) if signs and reply.text else reply


@asynccontextmanager
async def echoing_vendor(*, ttft_s: float, tokens_per_s: float, tokens: int = 85) -> AsyncIterator[Vendor]:
    """Start both vendors' stand-ins in one process that answers at this pace, and end it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "evals.bench.echo", str(ttft_s), str(tokens_per_s), str(tokens)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=clean_environment(),
        limit=2**26,
    )
    assert process.stdout
    try:
        said = await process.stdout.readline()
        if not said:
            raise ServingError("the vendors' stand-in did not start; its own words are above")
        yield Vendor(process, json.loads(said))
    finally:
        await stop(process, 5)


def _rule(ttft_s: float, tokens_per_s: float, tokens: int) -> EchoRule:
    return EchoRule(DefaultRule(ttft_s=ttft_s, tokens_per_s=tokens_per_s or None, tokens=tokens))


if __name__ == "__main__":
    asyncio.run(serve(_rule(float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))))
