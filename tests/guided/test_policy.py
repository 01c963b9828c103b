"""The guided policy over a real socket: what a small model may answer, and what becomes of it."""

from pathlib import Path

from deepresearch.derived import find
from deepresearch.trajectory import RunFinished, Turn, Verified
from tests.guided.guided_runs import asked, finds, model, report, run, says, section

QUESTION = "When did tram line 9 open?"
RIGHT = "Tram line 9 opened in 1903 with twelve cars."


async def test_the_answer_is_written_checked_and_cited(tmp_path: Path) -> None:
    written = model(finding=finds(RIGHT, "line 9"), answer=says("Tram line 9 opened in 1903."))
    events, server, end = await run(tmp_path, QUESTION, written)
    assert end == find(events, RunFinished)[-1] and end.reason == "answered"
    assert section(events, "Short answer").startswith("Tram line 9 opened in 1903\\cite{")
    assert "“Tram line 9 opened in 1903 with twelve cars”" in section(events, "Findings")
    verdicts = find(events, Verified)[-1]
    assert {c.level for c in verdicts.citations} == {"supports"} and not verdicts.uncited
    assert find(events, Turn)[-1].model == "small"
    assert {asked(r) for r in server.requests} == {"queries", "finding", "answer"}


async def test_a_sentence_that_does_not_hold_is_written_again_once(tmp_path: Path) -> None:
    wrong = "Tram line 9 opened in 1912 with twelve cars."
    written = model(
        finding=finds(wrong, "line 9"), repair=lambda _: {"sentence": RIGHT}, answer=says("Tram line 9 opened in 1903.")
    )
    events, server, _ = await run(tmp_path, QUESTION, written)
    assert "1912" not in report(events) and "opened in 1903\\cite" in report(events)
    assert [asked(r) for r in server.requests].count("repair") == 1


async def test_what_still_does_not_hold_is_quoted_instead(tmp_path: Path) -> None:
    wrong = "Tram line 9 opened in 1912 with forty cars."
    written = model(
        finding=finds(wrong, "line 9"), repair=lambda _: {"sentence": wrong}, answer=says("It opened in 1912.")
    )
    events, _, _ = await run(tmp_path, QUESTION, written)
    assert "1912" not in report(events)
    assert "“Tram line 9 opened in 1903 with twelve cars" in section(events, "Short answer")
    assert {c.level for c in find(events, Verified)[-1].citations} == {"supports"}


async def test_it_declines_where_no_passage_says_anything(tmp_path: Path) -> None:
    events, server, _ = await run(tmp_path, QUESTION, model())
    assert "Nothing in the documents searched answers this question." in report(events)
    assert section(events, "Closest passages") and not section(events, "Short answer")
    assert "answer" not in {asked(r) for r in server.requests}
    assert [part.answered for part in find(events, Turn)[-1].parts] == [False]


async def test_it_declines_where_the_documents_hold_no_evidence_whatever_the_model_writes(tmp_path: Path) -> None:
    written = model(finding=lambda _: {"finding": "The moon base opened in 2031."}, answer=says("It opened in 2031."))
    events, server, _ = await run(tmp_path, "When did the moon base Selene open?", written)
    assert "Nothing in the documents searched answers this question." in report(events)
    assert "2031" not in report(events) and "finding" not in {asked(r) for r in server.requests}
