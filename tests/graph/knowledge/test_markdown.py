"""How an article becomes passages."""

from __future__ import annotations

import pytest

from graph.knowledge.markdown import WORDS_A_PASSAGE, blocks, parse_article, plain


def test_front_matter_gives_title_and_url_and_headings_give_passages() -> None:
    """Title, url, one passage a heading, the text before the first heading too."""
    text = (
        "---\ntitle: Returns\nurl: https://x.example/r\n---\n\n"
        "In short.\n\n## How long\n\n30 days.\n\n### Gifts\n\n60.\n"
    )
    article = parse_article("a/returns.md", text)
    assert article.warnings == ()
    assert [(p.id, p.title, p.text) for p in article.passages] == [
        ("a/returns.md#returns", "Returns", "In short."),
        ("a/returns.md#how-long", "Returns > How long", "30 days."),
        ("a/returns.md#gifts", "Returns > How long > Gifts", "60."),
    ]
    assert {p.url for p in article.passages} == {"https://x.example/r"}
    assert {p.article_title for p in article.passages} == {"Returns"}


def test_a_heading_of_the_same_level_ends_the_one_before() -> None:
    """Headings above a passage are those that it stands under, no others."""
    article = parse_article("a.md", "# T\n\n## One\n\nx\n\n### Deep\n\ny\n\n## Two\n\nz\n")
    assert [p.title for p in article.passages] == ["T > One", "T > One > Deep", "T > Two"]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# Big *news*\n\ntext\n", "Big news"),
        ("Big\n===\n\ntext\n", "Big"),
        ("only text\n", "gift-cards"),
        ("---\ntitle: 2026\n---\n# Other\n\ntext\n", "2026"),
    ],
)
def test_the_title_falls_back_to_the_first_heading_and_then_to_the_file_name(text: str, title: str) -> None:
    """Front matter first, then the first heading, then the file's name."""
    article = parse_article("shop/gift-cards.md", text)
    assert article.title == title
    assert article.passages[0].article_title == title


def test_broken_front_matter_is_left_out_with_file_and_line() -> None:
    """The article is still used; the warning names the place."""
    article = parse_article("a.md", "---\ntitle: Returns: how\n  x\n---\n# Title\n\nThe text.\n")
    assert [p.text for p in article.passages] == ["The text."]
    assert article.title == "Title"
    (warning,) = article.warnings
    assert warning.startswith("a.md:")
    assert warning.split(":")[1].isdigit()
    assert "front matter" in warning


def test_front_matter_without_an_end_leaves_the_whole_text() -> None:
    """Nothing of the article is lost."""
    article = parse_article("a.md", "---\n\nThe text after a line.\n")
    assert "The text after a line." in article.passages[0].text
    assert len(article.warnings) == 1


def test_an_article_without_text_is_named() -> None:
    """A file of headings only gives nothing to find, and says so."""
    article = parse_article("a.md", "# Soon\n\n## Later\n")
    assert article.passages == ()
    assert "a.md holds no text" in article.warnings[0]


def test_headings_inside_code_are_text() -> None:
    """A `#` inside a fence is a comment of the code."""
    article = parse_article("a.md", "# T\n\n```sh\n# not a heading\n\nls\n```\n\nafter\n")
    (passage,) = article.passages
    assert "# not a heading" in passage.text
    assert blocks(passage.text) == ["```sh\n# not a heading\n\nls\n```", "after"]


def test_blocks_keep_tables_and_lists_whole() -> None:
    """A list with blank lines between its items is one block, so is a table."""
    text = "para\n\n- one\n\n- two\n  more\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n1. x\n2. y"
    assert blocks(text) == ["para", "- one\n\n- two\n  more", "| a | b |\n|---|---|\n| 1 | 2 |", "1. x\n2. y"]


def test_a_long_section_is_cut_between_paragraphs_and_never_inside_a_table() -> None:
    """Parts of about 200 words, in order, nothing lost, the table whole."""
    paragraph = " ".join(["word"] * 90) + "."
    table = "| a | b |\n|---|---|\n" + "\n".join(f"| {n} | {n} |" for n in range(60))
    text = f"{paragraph}\n\n{paragraph}\n\n{paragraph}\n\n{table}\n\n{paragraph}"
    article = parse_article("a.md", f"# T\n\n## S\n\n{text}\n")
    assert "\n\n".join(p.text for p in article.passages) == text
    assert sum(table in p.text for p in article.passages) == 1
    plain_parts = [p for p in article.passages if table not in p.text]
    assert all(len(p.text.split()) <= WORDS_A_PASSAGE for p in plain_parts)
    assert [p.id for p in article.passages[:3]] == ["a.md#s", "a.md#s-2", "a.md#s-3"]


def test_ids_are_unique_when_headings_repeat() -> None:
    """A number tells two sections of the same name apart."""
    article = parse_article("a.md", "# T\n\n## Cost\n\n1\n\n## Cost\n\n2\n\n## !!!\n\n3\n")
    assert [p.id for p in article.passages] == ["a.md#cost", "a.md#cost-2", "a.md#text"]


def test_the_hash_follows_the_text() -> None:
    """The same text has the same hash wherever it stands; another text has another."""
    one, two = (parse_article("a.md", f"# T\n\n{text}").passages[0].hash for text in ("x", "y"))
    again = parse_article("b.md", "# U\n\nx").passages[0].hash
    assert one == again != two
    assert len(one) == 12


def test_windows_line_ends_change_nothing() -> None:
    """A file saved on Windows gives the same passages."""
    text = "---\ntitle: T\n---\n\n## A\n\nx\n\ny\n"
    assert parse_article("a.md", text.replace("\n", "\r\n")) == parse_article("a.md", text)


def test_plain_drops_marks_and_links_but_not_names_with_underscores() -> None:
    """A heading is shown to customers without Markdown."""
    assert plain("**Bold** and `code` and [link](https://x.example)") == "Bold and code and link"
    assert plain("open_bank_account") == "open_bank_account"
