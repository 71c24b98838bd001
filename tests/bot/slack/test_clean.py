"""The cleaner: nothing that a model was talked into writing calls anybody or leads astray."""

from __future__ import annotations

import random
import re
import time
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.slack.clean import REMOVED, Cleaner, allowed, clean

HOSTS = frozenset({"larkfield.example", "help.larkfield.example"})
OK = "https://larkfield.example"

ATTACKS = [
    "<!channel>",
    "<!here|here> <!everyone>",
    "<!subteam^S012AB|@ops>",
    "<@U012ABC> and <#C012ABC|general>",
    "<!date^1392734382^{date}^https://evil.com/|soon>",
    "<mailto:x@evil.com|support>",
    "<https://evil.com|https://larkfield.example>",
    "<http://larkfield.example|our page>",
    "&lt;!channel&gt; &#60;@U012ABC&#62; &#x3c;!here&#x3e;",
    "&amp;lt;!channel&amp;gt;",
    "@channel @Here @EVERYONE",
    "@chan\u200bnel @\u2060here \u202e@everyone",
    "@\U000e0063channel",
    "&#64;channel &commat;here",
    "@chan&#8203;nel",
    "someone@here.com user@channel.io",
    "[your invoice](https://evil.com/a?b=c)",
    "[your invoice][1]\n\n[1]: https://evil.com/a",
    "[your invoice]\n\n[your invoice]: https://larkfield.example/logout",
    f"[a b c]({OK}/logout) ![pixel](https://evil.com/p.png?d=secret)",
    "[https://larkfield.example](https://evil.com)",
    "[x]&lpar;https://evil.com&rpar;",
    "[x]\u200b(https://evil.com)",
    "![](//evil.com/p.png)",
    "<https://evil.com>",
    "https://evil.com http://larkfield.example HTTPS://EVIL.COM ftp://larkfield.example",
    "https://larkfield.example.evil.com/ https://evil-larkfield.example",
    "https://larkfield.example@evil.com/ https://larkfield.example:8443/x https://u:p@larkfield.example/",
    "https://larkfield.example\\@evil.com https://larkfield.example%2eevil.com",
    "https://larkfield.example\u3002com/ https://larkfield.example\uff0eevil.com",
    "https://l\u0430rkfield.example/ https://xn--lrkfield-x4g.example",
    "https\u200b://evil.com ht\u00adtps://evil.com https:\u2060//evil.com",
    "https&colon;//evil.com https:&sol;&sol;evil.com https://evil&period;com",
    "evil.com/x www.evil.com evil.co.uk:8080 EVIL.COM evil.com. (evil.com)",
    "evil\\.com/x evil\u200b.com evil&#46;com",
    "\u0435\u0301vil\u0301.com b\u00fccher.de 1\ufe0f.com \u2764.ws",
    f"{OK}/redirect?to=https://evil.com {OK}//evil.com {OK}/@here.com",
    f"{OK}/a),https://evil.com,{OK}),evil.com",
    "evil.com(https://larkfield.example/x)",
    "slack://user?team=T1&id=U1 javascript://evil.com/%0aalert(1) data://evil.com",
    "10.0.0.1/x 169.254.169.254:80/latest",
    "a@b.co.evil/x a@evil.com/x a@evil.com:8080",
    "\x00@\x07channel\x1b[0m \x85 \u2028 \ud800",
    "evil.com\ufe0f/x e\u034fvil.com",
    f"{OK}/&#x3e;&lt;!channel&gt;",
]

FINE = [
    "- **Return** it within 30 days [1].\n- _Refunds_ take 3-5 days [2][3].",
    "1. Open *Orders*\n2. Choose `Return`",
    "Delivery costs 3.50 € (or £2.99), free from 1.000,00 EUR. That is 12.5 % less: 10.000 in all.",
    "We are open from 9:00 to 12:30, version 1.2.3, step 2/3, address 10.0.0.1, and/or; he/she.",
    "To help@larkfield.example, or to first.last+tag@other-shop.co.uk. Or to a@b.com: is it a@b.com?",
    f"See {OK}/r?a=1#top, ({OK}) and **{OK}/x**, or larkfield.example/r. Or help.larkfield.example?",
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n```\nx = y[0]\n```\n# Heading\n---",
    "e.g. z.B. d.h. i.e. U.S. 12.30Uhr 5.5kg Nr.5 ... wait… well—yes “so” ‘it’ «goes» ¿no? 50%",
    "Das Etikett: etikett.pdf, label.png und order.json.",
    "❤️ 1️⃣ ⚠️ 🇩🇪 👍🏽 naïve café Straße Ελλάδα Привет мир",
    "你好，世界。退货需要三十天！",
    "#1 ~x~ ^ $5 + 5 = 10; \\o/ :smile: @ home, 2 @ 3 €",
]

PIECES = [
    *(
        "<",
        ">",
        "&",
        "@",
        "[",
        "]",
        "(",
        ")",
        "](",
        "]:",
        "!",
        ":",
        "/",
        "//",
        ".",
        "\\",
        "|",
        ",",
        "-",
        "_",
        "`",
    ),
    *(
        " ",
        "\n",
        "\t",
        "\r",
        "\u00a0",
        "\u3000",
        "\u200b",
        "\u202e",
        "\u00ad",
        "\ufe0f",
        "\u20e3",
        "\U000e0041",
    ),
    *(
        "channel",
        "HERE",
        "everyone",
        "@channel",
        "evil",
        "com",
        "evil.com",
        "co.uk",
        "Org",
        "https",
        "http",
        "://",
    ),
    *(
        OK,
        "larkfield.example",
        "https://evil.com",
        "mailto:",
        "&lt;",
        "&#64;",
        "&amp;",
        "&#46;",
        "&period;",
        "1.2",
    ),
    *(
        "。",
        "，",
        "中",
        "é",
        "e\u0301",
        "❤",
        "рф",
        "xn--p1ai",
        "pdf",
        "x",
        "3",
        "It",
        "\ud800",
        "\x00",
        "~",
        "'",
        '"',
    ),
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=24).map("".join)

UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")
SCHEMES = re.compile(r"([A-Za-z]*)://([^\s/?#<>|\"`]*)")
DOMAINS = re.compile(
    r"(?<![\w@.+-])[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.(?:com|org|uk|io|ws|xn--p1ai)(?![\w.-])", re.IGNORECASE
)


def streamed(text: str, pieces: list[str]) -> str:
    cleaner = Cleaner(HOSTS)
    assert "".join(pieces) == text
    return "".join([*(cleaner.feed(piece) for piece in pieces), cleaner.finish()])


def assert_harmless(said: str) -> None:
    assert "<" not in said
    assert ">" not in said
    assert "](" not in said
    assert "]:" not in said
    assert not re.search(r"@(channel|here|everyone)", said, re.IGNORECASE)
    assert not UNSEEN.search(said)
    assert not [sign for sign in said if unicodedata.category(sign) in {"Cc", "Cs"} and sign not in "\n\t"]
    read = said.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    for scheme, authority in SCHEMES.findall(read):
        assert scheme.lower() == "https"
        assert authority.lower().rstrip(".,;:!?'\"*_~)]}") in HOSTS
    assert {found.lower() for found in DOMAINS.findall(read)} <= HOSTS


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_harmless_wherever_the_stream_is_cut(attack: str) -> None:
    said = clean(attack, HOSTS)
    assert_harmless(said)
    for cut in range(len(attack) + 1):
        assert streamed(attack, [attack[:cut], attack[cut:]]) == said
    assert streamed(attack, list(attack)) == said


@pytest.mark.parametrize("text", FINE)
def test_an_ordinary_answer_comes_through_as_it_is(text: str) -> None:
    assert clean(text, HOSTS).replace("&amp;", "&") == text
    assert streamed(text, list(text)).replace("&amp;", "&") == text


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.randoms(use_true_random=False))
@example("https://larkfield.example\u3002com", random.Random(0))
def test_whatever_is_written_is_harmless_and_does_not_depend_on_the_pieces(
    text: str, rng: random.Random
) -> None:
    said = clean(text, HOSTS)
    assert_harmless(said)
    cuts = sorted(rng.choices(range(len(text) + 1), k=rng.randint(0, 6)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert streamed(text, pieces) == said


@given(TEXTS)
@settings(deadline=None)
def test_what_was_fed_is_out_with_the_last_space(text: str) -> None:
    cleaner = Cleaner(HOSTS)
    shown = cleaner.feed(text + " ")
    assert shown == clean(text + " ", HOSTS)
    assert cleaner.finish() == ""


def test_a_word_is_out_as_soon_as_it_ends() -> None:
    cleaner = Cleaner(HOSTS)
    assert [cleaner.feed(piece) for piece in ("Ye", "s, ", "you ", "ca", "n.\nAnd")] == [
        "",
        "Yes, ",
        "you ",
        "",
        "can.\n",
    ]
    assert cleaner.finish() == "And"


def test_a_language_without_spaces_comes_out_by_its_own_signs() -> None:
    cleaner = Cleaner(HOSTS)
    assert [cleaner.feed(piece) for piece in ("你", "好，世", "界。ok")] == ["", "你好，", "世界。"]
    assert cleaner.finish() == "ok"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Go to https://evil.com/x, now.", f"Go to {REMOVED}, now."),
        ("(see evil.com/x).", f"(see {REMOVED})."),
        ("**https://evil.com**", f"**{REMOVED}**"),
        (f"[our page]({OK}/x)", f"[our page] ({OK}/x)"),
        ("tomorrow.It works", "tomorrow. It works"),
        ("geliefert.danach", "geliefert. danach"),
        ("p.ex. ceci", "p. ex. ceci"),
        ("@channel", "@ channel"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("&lt;b&gt; &amp;amp;", "&lt;b&gt; &amp;amp;"),
        ("> quoted", "&gt; quoted"),
        (f"{OK}/x?a=1&copy=2", f"{OK}/x?a=1&amp;copy=2"),
        ("a\r\nb", "a\nb"),
    ],
)
def test_what_is_changed_stays_readable(text: str, said: str) -> None:
    assert clean(text, HOSTS) == said


@pytest.mark.parametrize("url", [f"{OK}/x?a=1&b=2#c", OK, "https://help.larkfield.example/"])
def test_an_address_on_a_host_of_ours_is_allowed(url: str) -> None:
    assert allowed(url, HOSTS)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "http://larkfield.example",
            "https://evil.com",
            f"{OK}:443/",
            f"{OK}/a b",
            f"{OK}/a|b",
            f"{OK}/a>b",
        ),
        *(
            f"{OK}.",
            f"x {OK}",
            f"{OK}/\u200b",
            f"+{OK}",
            "larkfield.example",
            f"{OK}/@here",
            f"{OK}//evil.com",
        ),
    ],
)
def test_any_other_address_is_not(url: str) -> None:
    assert not allowed(url, HOSTS)


def least_ms(work: object) -> float:
    """CPU time of the quickest of several runs: others use this machine too."""
    assert callable(work)
    times = []
    for _ in range(20):
        started = time.process_time()
        for _ in range(5):
            work()
        times.append((time.process_time() - started) / 5)
    return min(times) * 1000


def test_a_kilobyte_and_a_stream_cost_little() -> None:
    line = f"You can return this in 30 days [1]. See {OK}/returns. It costs 3.50 € & more.\n- **One**\n"
    text = line * 10
    pieces = [text[start : start + 4] for start in range(0, 340, 4)]
    assert least_ms(lambda: clean(text, HOSTS)) < 0.3 * len(text) / 1024 * 2
    assert least_ms(lambda: streamed(text[:340], pieces)) < 1


@pytest.mark.parametrize(
    "part",
    ["a", "a.", "a@", "://", "a.bc-", "1.1.", "&", "\\.", "+.-", "[", "]", "https://a.bc/a),", "\u200b"],
)
def test_a_long_word_takes_time_in_proportion(part: str) -> None:
    text = part * (20_000 // len(part)) + "&"
    started = time.process_time()
    clean(text, HOSTS)
    assert time.process_time() - started < 0.25
