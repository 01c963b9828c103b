"""What the model's own searches bring does not make a question answerable by chance."""

from pathlib import Path

import pytest

from deepresearch.derived import find
from deepresearch.extractive.research import read_events
from deepresearch.guided.declining import ASKED, answers_with
from deepresearch.trajectory import Call, Event, Observation, Turn
from tests.guided.guided_runs import model, run

QUESTION = "Why does the tram line of Selene stop at the mill?"
NEAR = {"trams.md": "# Trams\n\nThe tram line stops at the mill because the workers of the mill needed a tram line.\n"}
GODDESS = "Selene is the goddess of the moon, whom poets named often."
TRAM = "The tram line of Selene stops at the mill because the miller paid for its last stop."


def bring(events: list[Event], title: str, text: str) -> list[Event]:
    """The events, with a passage of another document that a search in the model's words brings."""
    passage = next(p for o in find(events, Observation) for p in o.passages)
    new = passage.model_copy(
        update={"id": "brought", "document": "brought", "title": title, "heading": [title], "text": text}
    )
    call = Call(
        id="call-m", tool="batch_web_surfer", arguments={"action": "batch_search", "queries": [{"text": title}]}
    )
    hits = [{"text": title, "title": "", "hits": [{"passage": "brought"}], "failed": {}}]
    turn = find(events, Turn)[0].model_copy(update={"text": ASKED, "calls": [call]})
    seen = find(events, Observation)[0].model_copy(
        update={"tool": "batch_web_surfer", "call": "call-m", "passages": [new], "data": {"queries": hits}}
    )
    return [*(e for e in events if not (isinstance(e, Turn) and e.text == ASKED)), turn, seen]


@pytest.mark.parametrize(("title", "text", "answered"), [("Gods", GODDESS, False), ("Selene", TRAM, True)])
async def test_the_evidence_is_in_one_passage(tmp_path: Path, title: str, text: str, answered: bool) -> None:
    events, _, _ = await run(tmp_path, QUESTION, model(), NEAR)
    assert not any(answer.answered for answer in answers_with(read_events(events), events))
    events = bring(events, title, text)
    [answer] = answers_with(read_events(events), events)
    assert answer.answered == answered
    assert {c.passage.id for c in answer.quoted} == ({"brought"} if answered else set())
