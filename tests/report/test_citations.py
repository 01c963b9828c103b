"""Citations in Markdown become numbered references; nothing unregistered does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepresearch.report.citations import citations, find_marks, resolve, resolve_answer, sources
from deepresearch.report.syntax import PLACEHOLDERS
from deepresearch.trajectory import Citation, Verified

from .conftest import DEFAULT, MakeRun, passage

KNOWN = {p.id: p for p in DEFAULT}


def labels(text: str) -> list[tuple[list[str], list[str]]]:
    """Per mark: the labels cited, the ids removed."""
    return [([c.label for c in mark.cited], list(mark.removed)) for mark in resolve(text, KNOWN).marks]


@pytest.mark.parametrize(
    "text",
    [
        r"\cite{p1, q1}",
        r"\cite{p1,q1}",
        r"\cite{p1}{q1}",
        r"\cite{p1; q1}",
        r"\cite{p1，q1}",
        "\\cite{p1,\n q1}",
        r"\cite{p1 q1}",
        r"\citep[p. 3]{p1,q1}",
        r"\\cite{p1,q1}",
        r"\cite{`p1`, 'q1'}",
        r"\cite {p1,q1}",
        r"\cite｛p1、q1｝",
        "【p1，q1】",
        "cite{p1, q1}",
        r"\cite{p1, p1, q1}",
    ],
)
def test_spellings(text: str) -> None:
    resolved = resolve(f"Water {text}.", KNOWN)
    assert [[c.passage.id for c in mark.cited] for mark in resolved.marks] == [["p1", "q1"]]
    assert PLACEHOLDERS.sub("", resolved.text) == "Water ."


@pytest.mark.parametrize(
    "text",
    [
        "【注】",
        "【p1，另见】",
        "cite{unknown}",
        "excite{p1}",
        "`\\cite{p1}`",
        r"\cite p1",
        r"\cite{p1",
        "[p1](https://a.test)",
        "[see p1]",
    ],
)
def test_what_is_no_citation(text: str) -> None:
    assert labels(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "`` a ` \\cite{p1} ``",
        "```\n\\cite{p1}\n```",
        "~~~tex\n\\cite{p1}",
        "    \\cite{p1}\n",
        "- item\n\n  ```\n  \\cite{p1}\n  ```\n",
        "> ```\n> \\cite{p1}\n> ```\n",
        "a `b\n\\cite{p1}` c",
    ],
)
def test_code_is_left_alone(text: str) -> None:
    resolved = resolve(text, KNOWN)
    assert resolved.marks == ()
    assert resolved.text == text


@pytest.mark.parametrize("text", ["a ` \\cite{p1}", "\\`a\\` \\cite{p1} `b`", "`a` \\cite{p1} ``b"])
def test_stray_backticks_hide_nothing(text: str) -> None:
    assert labels(text) == [(["1"], [])]


def test_numbers_follow_the_first_citation_and_letters_tell_passages_apart() -> None:
    text = r"A \cite{q1}. B \cite{p2}. C \cite{p1}. D \cite{p2}."
    assert [cited for cited, _ in labels(text)] == [["1"], ["2a"], ["2b"], ["2a"]]
    references = resolve(text, KNOWN).references
    assert [(r.number, r.document, [c.passage.id for c in r.passages]) for r in references] == [
        (1, "b.md", ["q1"]),
        (2, "a.md", ["p2", "p1"]),
    ]


def test_unknown_ids_are_listed_and_never_referenced() -> None:
    resolved = resolve(r"A \cite{p1, nope}. B \cite{nope}. C \cite{}.", KNOWN)
    assert resolved.unregistered == ["nope", ""]
    assert [[c.passage.id for c in r.passages] for r in resolved.references] == [["p1"]]


def test_letters_go_on_after_z() -> None:
    many = {f"i{n}": passage(f"i{n}") for n in range(28)}
    resolved = resolve(" ".join(f"\\cite{{{i}}}" for i in many), many)
    assert [resolved.marks[n].cited[0].label for n in (0, 25, 26, 27)] == ["1a", "1z", "1aa", "1ab"]


def test_records_for_programs(run: MakeRun) -> None:
    events = run(r"B \cite{q1}. A \cite{p2, gone}.")
    found = citations(events)
    assert [(c["id"], c["passage"], c["number"], c["document"], c["level"]) for c in found] == [
        ("q1", "q1", "1", "b.md", "seen"),
        ("p2", "p2", "2", "a.md", "seen"),
    ]
    assert found[0]["url"] == "https://b.test/x"
    assert [(s["document"], [p["id"] for p in s["passages"]]) for s in sources(events)] == [
        ("a.md", ["p1", "p2"]),
        ("b.md", ["q1"]),
    ]


def test_records_without_a_report(run: MakeRun) -> None:
    events = run("unused")[:3]
    assert citations(events) == []
    assert len(sources(events)) == 2


def test_only_what_was_shown_before_can_be_cited(run: MakeRun) -> None:
    assert citations(run(r"A \cite{p1}.", [])) == []


def test_newest_verdicts_count_and_the_weakest_of_them(run: MakeRun) -> None:
    old = Verified(citations=[Citation(passage="q1", level="contradicts")])
    new = Verified(
        citations=[
            Citation(passage="p1", level="supports"),
            Citation(passage="p1", level="partly"),
            Citation(passage="p2", level="supports"),
        ]
    )
    events = run(r"A \cite{p1, p2, q1}.", after=[old, new])
    assert [c["level"] for c in citations(events)] == ["partly", "supports", "seen"]


CITING = ["\\cite{p1}", "\\cite{q1, p2}", "\\cite{zz}", "\\cite{", "【p1】", "}", "\\", "\ue000"]
MARKUP = [
    "`",
    "```\n",
    "\n",
    "\n\n",
    "    ",
    "- ",
    "> ",
    "|",
    "#",
    "[",
    "](",
    "*",
    "_",
    "[^1]",
    "[^1]: ",
    "[a]: ",
    "<b>",
]
PIECES = st.sampled_from([*CITING, *MARKUP, "<!--", "&lt;", "水", "\u202e"])
MARKDOWN = st.lists(PIECES | st.text(max_size=8), max_size=25).map("".join)


@given(MARKDOWN)
def test_every_mark_resolves_and_every_passage_is_listed_once(text: str) -> None:
    resolved = resolve(text, KNOWN)
    listed = [c.passage.id for r in resolved.references for c in r.passages]
    assert len(listed) == len(set(listed))
    assert set(listed) == {c.passage.id for mark in resolved.marks for c in mark.cited}
    assert [r.number for r in resolved.references] == list(range(1, len(resolved.references) + 1))
    assert not set(resolved.unregistered) & set(KNOWN)
    placed = [int(number) for number in PLACEHOLDERS.findall(resolved.text)]
    assert placed == list(range(len(resolved.marks)))


def test_lines_may_end_in_any_way() -> None:
    text = "a\rb\r\n```\r\\cite{p1}\r```\rc \\cite{p1}"
    assert [text[m.start : m.end] for m in find_marks(text, ())] == ["\\cite{p1}"]


@pytest.mark.parametrize(
    "text",
    [
        "[p1]",
        "[^p1]",
        "[cite: p1]",
        "[source: p1]",
        "(p1)",
        "(cite: p1)",
        "（p1）",
        "（来源：p1）",
        "[[p1]]",
    ],
)
def test_other_brackets_cite_where_the_id_is_known(text: str) -> None:
    assert labels(f"Water boils {text}.") == [(["1"], [])]


@pytest.mark.parametrize(
    "text", ["[p1, p2]", "[p1; p2]", "(p1, p2)", "[^p1, ^p2]", "[cite: p1; p2]", "【p1】【p2】", "[p1][p2]"]
)
def test_grouped_citations(text: str) -> None:
    found = labels(f"Water boils {text}.")
    assert [label for cited, _ in found for label in cited] == ["1a", "1b"]


@pytest.mark.parametrize(
    "text",
    ["(see p1)", "[p1](https://a.test)", "[the p1 report]", "`[p1]`", "a[0]", "[1]", "(unknown)", "![p1]", "\\[p1]"],
)
def test_brackets_with_anything_else_are_text(text: str) -> None:
    assert labels(text) == []


def test_a_mark_within_brackets_is_found() -> None:
    assert labels("It boils (as shown \\cite{p1}) and floats [see \\cite{p2}].") == [(["1a"], []), (["1b"], [])]


def test_a_footnote_that_defines_an_id_is_no_citation() -> None:
    found = labels("It boils[^p1].\n\n[^p1]: Title of a.md")
    assert found == [(["1"], [])]


@pytest.mark.parametrize(
    "address",
    ["https://a.test/x?utm_source=n", "https://a.test/x/", "https://a.test/x#part", "http://www.a.test/x"],
)
def test_one_page_under_two_addresses_is_one_reference(address: str) -> None:
    known = {
        "a": passage("a", "https://a.test/x", url="https://a.test/x"),
        "b": passage("b", address, "Another paragraph.", url=address),
        "c": passage("c", "https://a.test/y", url="https://a.test/y"),
    }
    references = resolve("A \\cite{a}. B \\cite{b}. C \\cite{c}.", known).references
    assert [[c.label for c in r.passages] for r in references] == [["1a", "1b"], ["2"]]


def test_only_at_the_start_of_its_line_does_an_id_define_a_link() -> None:
    assert [m.ids for m in find_marks("See [p1]: it floats.\nNext line.", KNOWN)] == [("p1",)]
    assert [m.ids for m in find_marks("One.\nTwo.\n[p1]: https://a.test/\nThree.", KNOWN)] == []


def test_nothing_is_resolved_where_there_is_no_report(run: MakeRun) -> None:
    assert resolve_answer(run("unused")[:3]).text == ""


def test_sources_tell_their_addresses(run: MakeRun) -> None:
    assert [s["url"] for s in sources(run("x"))][1] == "https://b.test/x"
