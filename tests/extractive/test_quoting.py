"""Quotations as they are set down: letter for letter, escaped, with their place."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from deepresearch.extractive.candidates import Candidate, candidates_of
from deepresearch.extractive.phrases import phrases_for
from deepresearch.extractive.quoting import (
    PARAGRAPH,
    escape,
    paragraph_quotes,
    quotes_of,
    render_code,
    render_place,
    render_quote,
    section_quotes,
)
from tests.extractive.test_candidates import candidates, passage


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("ab _*`[]<>&;\\~#!(){}|:/.\"'“1"), min_size=1, max_size=60))
def test_escaped_text_reads_as_it_was(text: str) -> None:
    text = " ".join(text.split())
    tokens = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough"]).parseInline(f"x{escape(text)}x")
    children = tokens[0].children or []
    read = "".join(c.content for c in children)
    plain = re.sub(r"[`*]", "", text)
    assert re.sub(r"[`*]", "", read) == f"x{plain}x"
    assert {c.type for c in children} <= {"text", "text_special", "code_inline", "strong_open", "strong_close"}


def test_sentences_side_by_side_are_quoted_as_one() -> None:
    whole = max(candidates("Geese are large water birds. They graze on grass in winter."), key=lambda c: len(c.units))
    [quote] = quotes_of(whole)
    assert quote.text == "Geese are large water birds. They graze on grass in winter."
    assert (
        render_quote(quote.text, quote.passage, phrases_for("en"))
        == "“Geese are large water birds. They graze on grass in winter”\\cite{p1}"
    )


def test_items_of_a_list_are_quoted_one_by_one() -> None:
    whole = max(candidates("Do this:\n\n- Save the system.\n- Write down each step."), key=lambda c: len(c.units))
    assert [quote.text for quote in quotes_of(whole)] == ["Save the system.", "Write down each step."]


def test_a_sentence_that_leans_on_another_brings_it_along() -> None:
    found = candidates("The cache is emptied at midnight. Therefore the first request is slow.")
    second = next(c for c in found if c.text.startswith("Therefore"))
    [quote] = quotes_of(second)
    assert quote.text.startswith("The cache is emptied")


def test_the_place_names_heading_term_and_page() -> None:
    text = "Waits until the queue has a free slot for the item."
    [found] = candidates_of(passage(text, heading=["Title", "Queue.put(item)"], page=3), "Title")
    [quote] = quotes_of(found)
    assert render_place(quote, phrases_for("en"), "Title") == "`Queue.put(item)`, p. 3"


def test_an_example_is_fenced() -> None:
    assert render_code("python -m venv .venv") == "  ```\n  python -m venv .venv\n  ```"


def chosen(text: str, words: str) -> Candidate:
    """The shortest candidate that has the words."""
    return min((c for c in candidates(text) if words in c.text), key=lambda c: len(c.text))


def test_a_paragraph_is_quoted_with_the_word_that_decides() -> None:
    text = "Can it be attached later?\n\nNo. The tool runs the program itself. It needs control from the start."
    [quote] = paragraph_quotes(chosen(text, "runs the program"))
    assert quote.text == "No. The tool runs the program itself. It needs control from the start."


def test_of_a_long_paragraph_as_much_is_quoted_as_there_is_room_for() -> None:
    sentences = [f"Sentence {n} says that the harbour was dug in the year {1800 + n}." for n in range(30)]
    [quote] = paragraph_quotes(chosen(" ".join(sentences), "1815"))
    assert sentences[15] in quote.text and PARAGRAPH / 2 < len(quote.text) <= PARAGRAPH


def test_a_paragraph_that_leans_on_the_one_before_it_brings_it_along() -> None:
    text = "Lookups may take long when many keys collide.\n\nTherefore the table has to be used with care."
    found = paragraph_quotes(chosen(text, "with care"))
    assert [quote.text for quote in found] == text.split("\n\n")
    apart = "Lookups may take long when many keys collide.\n\nThe table has to be used with care in any case."
    assert len(paragraph_quotes(chosen(apart, "with care"))) == 1


def test_a_short_table_is_quoted_whole_in_a_section_that_is_about_what_is_asked() -> None:
    rows = ["room size | 40", "shelves per room | 12", "books per shelf | 32"]
    table = "\n".join(["| Item | Limit |", "| --- | --- |", *(f"| {row} |" for row in rows)])
    asked_first = [rows[2], *rows[:2]]
    assert [quote.text for quote in section_quotes(chosen(table, "books per shelf"), [])] == asked_first
    many = table + "\n" + "\n".join(f"| item number {n} of a long table | {n} |" for n in range(40))
    assert len(section_quotes(chosen(many, "books per shelf"), [])) <= 3


def test_a_list_is_quoted_whole_and_after_the_sentence_that_announces_it() -> None:
    items = ["The first part is closed.", "The second part is moved.", "The third part is new."]
    text = "The rules changed, with the following effects.\n\n" + "\n".join(f"- {item}" for item in items)
    assert [q.text for q in paragraph_quotes(chosen(text, "second part"))] == items
    assert [q.text for q in paragraph_quotes(chosen(text, "rules changed"))][1:] == items


def test_a_list_without_an_announcement_is_not_part_of_the_paragraph_before_it() -> None:
    text = "The harbour was dug in 1850 by hand.\n\n- Ships are listed here.\n- Captains are listed there."
    assert len(paragraph_quotes(chosen(text, "1850"))) == 1


def test_a_list_behind_its_announcement_may_be_in_the_next_passage() -> None:
    lead = chosen("The rules changed with the new harbour, with the following effects.", "rules changed")
    after = passage("- The first part is closed.\n- The second part is moved.\n\nAll else stays as it was.", "p2")
    found = paragraph_quotes(lead, following=[after])
    assert [(q.passage.id, q.text) for q in found[1:]] == [
        ("p2", "The first part is closed."),
        ("p2", "The second part is moved."),
    ]


def test_a_paragraph_is_quoted_from_its_beginning() -> None:
    sentences = [f"Sentence {n} says that the harbour was dug in the year {1800 + n}." for n in range(30)]
    [quote] = paragraph_quotes(chosen(" ".join(sentences), "1805"))
    assert quote.text.startswith(sentences[0])
