"""What customers ask and what the vendors' stand-in answers: each answer can be told from its questions."""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random

from evals.sim.faults import FAULTS
from evals.sim.script import SENTENCE, Body, DefaultRule, Reply, Vendor, last_words

QUESTIONS = (
    "How long do I have to send back a jacket that does not fit?",
    "What does delivery to Austria cost for a parcel of three kilos?",
    "Can I pay half with a gift card and half with my credit card?",
    "Do you repair tents that are out of warranty, and who pays the postage?",
    "Where do I find the invoice for my order from last month?",
    "How do I wash a wool blanket without shrinking it?",
    "Can I change the address after I have placed an order?",
    "When are your shops open on Saturdays, and may I park there?",
    "How do I pause my coffee subscription while I am on holiday?",
    "What do I gain from a membership, and what does it cost a year?",
    "Why was my bank transfer not accepted at the checkout yesterday?",
    "Does somebody have to be at home when the wardrobe is delivered?",
)
"""A thread asks each only once: to ask the same again would be a reason to escalate."""
HARD_SHARE = 0.1
NONCE = re.compile(r"\bzq[a-z]{8}\b")
OPENING = re.compile(r"Case ((?:zq[a-z]{8} ?)+)\.")
FAULTY = tuple(
    FAULTS[name]
    for name in (
        "http_500", "http_529", "http_429_retry_after", "reset_before_headers", "cut_before_words",
        "reset_mid_stream", "eof_mid_stream", "event_mid_stream", "malformed_mid_stream", "delay_mid_stream",
    )
)  # fmt: skip
"""What a vendor does wrong and a bot can get over within seconds."""


def make_nonce(draw: Random) -> str:
    """Make a word that no other text holds."""
    return "zq" + "".join(draw.choices("abcdefghijklmnoprstuvwxy", k=8))


def question(number: int, nonce: str, draw: Random) -> str:
    """Ask question `number` in words that hold the nonce; some are hard."""
    hard = " [hard]" if draw.random() < HARD_SHARE else ""
    return f"About {nonce}: {QUESTIONS[number % len(QUESTIONS)]}{hard}"


def nonces_in(text: str) -> tuple[str, ...]:
    """Return the nonces that a text holds, each once, in their order."""
    return tuple(dict.fromkeys(NONCE.findall(text)))


def answer_to(nonces: tuple[str, ...]) -> str:
    """Return the whole answer, of 25 to 85 tokens, to the messages with these nonces."""
    sentences = 1 + sum(map(ord, nonces[0])) % 4
    return f"Case {' '.join(nonces)}." + SENTENCE * sentences


class ChaosRule:
    """Answers with `answer_to`, lets a small model escalate at `[hard]`, and fails in a share of requests.

    `tokens_per_s` and `fault_share` may be changed at any time.
    """

    def __init__(self, seed: int, *, tokens_per_s: float = 100.0, fault_share: float = 0.0) -> None:
        self.tokens_per_s = tokens_per_s
        self.fault_share = fault_share
        self._draw = Random(seed)
        self._default = DefaultRule()

    def __call__(self, vendor: Vendor, body: Body) -> Reply:
        """Answer one request."""
        reply = self._default(vendor, body)
        nonces = nonces_in(last_words(body))
        if nonces and not reply.tools and not reply.text.startswith(self._default.marker):
            reply = replace(reply, text=answer_to(nonces))
        fault = self._draw.choice(FAULTY) if self._draw.random() < self.fault_share else None
        wait = self._draw.uniform(0.05, 0.3)
        return replace(reply, ttft_s=wait, tokens_per_s=self.tokens_per_s, fault=fault)
