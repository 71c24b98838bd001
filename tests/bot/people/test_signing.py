"""Standard Webhooks signatures, by the example that its own libraries are tested with."""

from __future__ import annotations

import pytest

from bot.people.signing import NotSigned, signer
from evals.sim.help_desk import HelpDesk
from graph.errors import InputError

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NAME, AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
OTHER = "whsec_" + "A" * 32
GOOD = {"webhook-id": NAME, "webhook-timestamp": str(AT), "webhook-signature": SIGNATURE}


def test_it_signs_as_the_scheme_s_own_libraries_do() -> None:
    assert signer(SECRET).headers(NAME, BODY, AT) == GOOD
    assert signer(SECRET).verify(GOOD, BODY, AT) == NAME


def test_while_a_secret_is_replaced_both_sign_and_either_is_taken() -> None:
    both = signer(f"{OTHER} {SECRET}")
    assert SIGNATURE in both.headers(NAME, BODY, AT)["webhook-signature"].split(" ")
    assert both.verify(GOOD, BODY, AT) == NAME
    assert signer(SECRET).verify(both.headers(NAME, BODY, AT), BODY, AT) == NAME


@pytest.mark.parametrize("seconds", [-300, 300])
def test_five_minutes_either_way_are_taken(seconds: int) -> None:
    assert signer(SECRET).verify(GOOD, BODY, AT + seconds) == NAME


@pytest.mark.parametrize(
    ("changed", "body", "now", "says"),
    [
        ({}, b'{"test": 2432232315}', AT, "webhook-signature does not fit"),
        ({"webhook-id": "msg_other"}, BODY, AT, "webhook-signature does not fit"),
        ({"webhook-timestamp": str(AT + 1)}, BODY, AT, "webhook-signature does not fit"),
        ({"webhook-signature": SIGNATURE.replace("v1,", "v2,")}, BODY, AT, "does not fit"),
        ({"webhook-signature": SIGNATURE.removeprefix("v1,")}, BODY, AT, "does not fit"),
        ({"webhook-signature": "v1,\xff"}, BODY, AT, "does not fit"),
        ({"webhook-signature": ""}, BODY, AT, "does not fit"),
        ({"webhook-id": ""}, BODY, AT, "webhook-id is missing"),
        ({"webhook-id": "a\nb"}, BODY, AT, "webhook-id is missing"),
        ({"webhook-id": "a" * 201}, BODY, AT, "webhook-id is missing"),
        ({"webhook-timestamp": "soon"}, BODY, AT, "webhook-timestamp is missing"),
        ({"webhook-timestamp": "9" * 400}, BODY, AT, "webhook-timestamp is missing"),
        ({"webhook-timestamp": "\u0661"}, BODY, AT, "webhook-timestamp is missing"),
        ({}, BODY, AT + 301, "more than 5 minutes away"),
        ({}, BODY, AT - 301, "more than 5 minutes away"),
    ],
)
def test_what_is_not_signed_now_with_the_secret_is_refused(
    changed: dict[str, str], body: bytes, now: int, says: str
) -> None:
    with pytest.raises(NotSigned, match=says):
        signer(SECRET).verify({**GOOD, **changed}, body, now)


def test_another_secret_is_refused() -> None:
    with pytest.raises(NotSigned, match="does not fit"):
        signer(OTHER).verify(GOOD, BODY, AT)


@pytest.mark.parametrize(
    "secret", ["", " ", "hunter2", "whsec_", "whsec_####", "whsec_MTIz", "whsec_" + "A" * 100, f"{SECRET} x"]
)
def test_a_secret_that_is_none_says_how_to_make_one(secret: str) -> None:
    with pytest.raises(InputError, match="openssl rand -base64 32"):
        signer(secret)


def test_it_never_shows_its_secrets() -> None:
    assert "MfKQ" not in repr(signer(SECRET))
    assert "secrets" not in repr(signer(SECRET))


def test_the_stand_in_signs_the_same() -> None:
    desk = HelpDesk()
    headers, body = desk.call({"action": "claim", "by": "Dana"})
    assert signer(desk.secret).verify(headers, body) == headers["webhook-id"]
