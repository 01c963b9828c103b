"""What stands around a report: references with what was quoted, lists that are capped."""

import pytest

from deepresearch.report import make_report
from deepresearch.report.blocks import words_of
from deepresearch.report.citations import Cited
from deepresearch.report.frame import MOST_LISTED, SHARE, checks, excerpt, references
from deepresearch.report.markdown import markdown
from deepresearch.trajectory import Citation, Uncited, Verified

from .conftest import MakeRun, passage

LONG = "Filler stands here. " * 40 + "It boils at 100 degrees. " + "More follows. " * 60


def cited(text: str, evidence: str) -> Cited:
    check = Citation(passage="p1", level="supports", evidence=evidence)
    return Cited("1", passage("p1", text=text), check)


def test_the_quoted_sentence_stands_in_its_context() -> None:
    before, sentence, after = excerpt(cited(LONG, "It boils at 100 degrees."), 200)
    assert sentence == "It boils at 100 degrees." and before.startswith("…") and after.endswith("…")
    assert before.endswith("here. ") and after.startswith(" More") and 150 < len(before + sentence + after) <= 202


@pytest.mark.parametrize("evidence", ["", "Not in it."])
def test_without_such_a_sentence_the_passage_begins(evidence: str) -> None:
    assert excerpt(cited(LONG, evidence), 60) == ("", "", "Filler stands here. Filler stands here. Filler stands…")


def test_at_the_passages_end_the_room_goes_to_what_stands_before() -> None:
    before, sentence, after = excerpt(cited("A b c. " * 50 + "The end.", "The end."), 100)
    assert sentence == "The end." and after == "" and 80 < len(before) <= 93
    assert excerpt(cited("Short. All of it.", "All of it."), 100) == ("Short. ", "All of it.", "")
    assert len("".join(excerpt(cited(LONG, LONG.strip()), 80))) <= 80


def test_references_are_at_most_twice_as_long_as_the_report(run: MakeRun) -> None:
    shown = [passage(f"p{n}", f"{n // 5}.md", text=f"Passage {n}. {LONG}") for n in range(40)]
    text = " ".join(f"Sentence {n} tells what it tells in some words \\cite{{p{n}}}." for n in range(40))
    report = make_report(run(text, shown))
    body = len(words_of(report.blocks))
    listed = len(words_of([references(report)]))
    assert len(report.references) == 8 and body < listed <= SHARE * body * 1.05


def test_in_markdown_the_quoted_sentence_is_bold(run: MakeRun) -> None:
    check = Verified(citations=[Citation(passage="p1", level="supports", evidence="It is **hot** there.")])
    shown = [passage("p1", text="Before it. It is **hot** there. After it.")]
    assert "“Before it. **It is hot there.** After it.” (paragraph 1)" in markdown(
        make_report(run("A \\cite{p1}.", shown, after=[check]))
    )


def test_lists_of_weak_and_uncited_statements_are_capped_with_a_count(run: MakeRun) -> None:
    weak = [Citation(passage="p1", mark=n, level="partly", claim=f"Claim {n}.") for n in range(30)]
    weak[29] = weak[29].model_copy(update={"level": "contradicts"})
    check = Verified(citations=weak, uncited=[Uncited(claim=f"Bare {n}.") for n in range(25)])
    report = make_report(run("A \\cite{p1}. " * 30, after=[check]))
    text = words_of(checks(report))
    assert text.count("Claim ") == MOST_LISTED and text.count("Bare ") == MOST_LISTED
    assert "… and 10 more" in text and "… and 5 more" in text
    assert text.index("Claim 29.") < text.index("Claim 0.")


def test_where_nothing_is_cited_no_citations_are_counted(run: MakeRun) -> None:
    report = make_report(run("Bare.", after=[Verified(citations=[], uncited=[Uncited(claim="Bare.")])]))
    text = words_of(checks(report))
    assert "Bare." in text and "0 of 0" not in text
