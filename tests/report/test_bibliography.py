"""References for reference managers, and nothing in them that ends an entry early."""

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from deepresearch.report import make_report
from deepresearch.report.bibliography import bibtex, csl, csl_items, ris
from deepresearch.report.structure import ReportModel
from deepresearch.trajectory import Citation, Verified

from .conftest import MakeRun, make_run, passage
from .hostile import FIELD


def report_of(**fields: object) -> ReportModel:
    shown = [passage("p1", "a", **fields), passage("q1", "b.md", title="水的性质", language="zh")]  # type: ignore[arg-type]
    return make_report(make_run("A \\cite{p1}. B \\cite{q1}.", shown))


def test_csl() -> None:
    first, second = csl_items(report_of(url="https://a.test/x", date="2024-05-06"))
    assert first["type"] == "webpage" and first["issued"] == {"date-parts": [[2024, 5, 6]]}
    assert first["accessed"] == {"date-parts": [[2026, 9, 21]]}
    assert second == {"id": "ref2", "type": "document", "title": "水的性质", "note": "b.md", "language": "zh"}
    doi = csl_items(report_of(url="https://doi.org/10.1038/s41586-020-2649-2"))[0]
    assert (doi["type"], doi["DOI"]) == ("article-journal", "10.1038/s41586-020-2649-2")
    assert json.loads(csl(report_of())) == csl_items(report_of())


def test_bibtex() -> None:
    made = bibtex(report_of(url="https://a.test/x_y?z=1&w=%20", date="2024-05", title="50% of {A} & B_c"))
    assert made == (
        "@online{ref1,\n  title = {{50\\% of \\textbraceleft{}A\\textbraceright{} \\& B\\_c}},\n  year = {2024},\n"
        "  month = may,\n  url = {https://a.test/x_y?z=1&w=%20},\n  urldate = {2026-09-21},\n}\n\n"
        "@misc{ref2,\n  title = {{水的性质}},\n  langid = {chinese},\n  note = {b.md},\n}\n"
    )


def test_ris() -> None:
    made = ris(report_of(url="https://a.test/x", date="2024-05"))
    assert made.startswith(
        "TY  - ELEC\r\nID  - ref1\r\nTI  - Title of a\r\nPY  - 2024\r\nDA  - 2024/05//\r\nUR  - https"
    )
    assert made.endswith("TI  - 水的性质\r\nLA  - zh\r\nN1  - b.md\r\nER  - \r\n\r\n")


@given(st.text(max_size=40), st.text(max_size=15))
def test_no_text_ends_an_entry(title: str, date: str) -> None:
    assert_sound(title, date)


def test_hostile_fields_stay_in_their_place() -> None:
    assert_sound(FIELD, FIELD)
    assert_sound("}}}, @misc{evil,", "2024-99-99")


def assert_sound(title: str, date: str) -> None:
    report = report_of(title=title, date=date, url="https://a.test/" + title)
    lines = ris(report).split("\r\n")
    assert all(re.match(r"[A-Z][A-Z0-9]  - |$", line) for line in lines) and lines.count("ER  - ") == 2
    made = bibtex(report)
    assert len(re.findall(r"^@\w+\{ref\d+,$", made, re.MULTILINE)) == 2
    depth = 0
    for brace in re.findall(r"[{}]", made):  # BibTeX counts braces behind a backslash too
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0
    assert len(json.loads(csl(report))) == 2


def test_verdicts_travel(run: MakeRun) -> None:
    check = Verified(citations=[Citation(passage="p1", level="partly"), Citation(passage="p2", level="supports")])
    report = make_report(run("A \\cite{p1, p2}.", after=[check]))
    told = "Citation check: [1a] supports in part, [1b] supports"
    assert csl_items(report)[0]["annote"] == told
    assert f"annotation = {{{told}}}" in bibtex(report) and f"N1  - {told}" in ris(report)
    assert "annote" not in csl_items(make_report(run("A \\cite{p1}.")))[0]


def test_nothing_cited_nothing_listed(run: MakeRun) -> None:
    report = make_report(run("x"))
    assert (bibtex(report), ris(report), csl(report)) == ("", "", "[]\n")
