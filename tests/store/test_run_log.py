"""What holds for every store."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepresearch.errors import InternalError, JournalDamaged, RunBusy, UnknownRun, UserError
from deepresearch.store import MemoryStore, Store
from deepresearch.trajectory import (
    Answered,
    Call,
    Observation,
    RunFinished,
    RunPaused,
    RunStarted,
    Sample,
    Task,
    Turn,
    UnknownEvent,
    Usage,
    parse_event,
)


def start(question: str = "Why?") -> RunStarted:
    return RunStarted(task=Task(question=question))


def test_append_numbers_without_gaps_and_dates(store: Store) -> None:
    with store.create("r1") as log:
        first = log.append(start())
        more = log.append(Turn(text="a"), Turn(text="b"))
        assert [(e.run, e.seq) for e in [*first, *more]] == [("r1", 1), ("r1", 2), ("r1", 3)]
        assert log.events == [*first, *more] == store.read("r1")
        assert all(e.time > 1e9 for e in log.events)
        assert len(log.events) == 3


def test_a_reopened_run_is_the_same_and_goes_on(store: Store) -> None:
    with store.create("r1") as log:
        log.append(start(), Turn(text="文 \x00 \u2028", calls=[Call(id="c2-1", tool="todo", arguments={"a": 1})]))
        before = list(log.events)
    with store.open("r1") as log:
        assert log.events == before
        assert log.append(Answered(text="done"))[0].seq == 3


def test_unknown_types_and_fields_survive(store: Store) -> None:
    newer = {"type": "mind.read", "depth": {"a": [1, None]}, "v": 9}
    with store.create("r1") as log:
        log.append(start(), parse_event(newer), parse_event({"type": "turn", "mood": "calm", "usage": {"energy": 3}}))
    _, unknown, turn = store.read("r1")
    assert isinstance(unknown, UnknownEvent)
    assert unknown.model_dump(include={"depth", "v"}) == {"depth": {"a": [1, None]}, "v": 9}
    assert turn.model_dump()["mood"] == "calm"
    assert turn.model_dump()["usage"]["energy"] == 3


def test_half_a_surrogate_pair_comes_back(store: Store) -> None:
    with store.create("r1") as log:
        log.append(start(), Turn(text="\ud83d", calls=[Call(id="c", tool="t", arguments={"q": "\udc00"})]))
    turn = store.read("r1")[1]
    assert isinstance(turn, Turn)
    assert (turn.text, turn.calls[0].arguments) == ("\ud83d", {"q": "\udc00"})


def test_infinite_logprobs_come_back(store: Store) -> None:
    sample = Sample(prompt_ids=[1], completion_ids=[2, 3], logprobs=[-0.1, -math.inf])
    with store.create("r1") as log:
        log.append(start(), Turn(sample=sample))
    turn = store.read("r1")[1]
    assert isinstance(turn, Turn)
    assert turn.sample == sample


def test_what_is_kept_in_memory_is_what_a_reopened_run_will_see(store: Store) -> None:
    data: dict[str, Any] = {"pair": (1, 2), "inner": {3: "three"}}
    with store.create("r1") as log:
        [recorded] = log.append(Observation(data=data))
        data["later"] = True
        assert recorded.model_dump()["data"] == {"pair": [1, 2], "inner": {"3": "three"}}
        assert log.events == store.read("r1")


def test_what_cannot_be_recorded_is_refused_whole(store: Store) -> None:
    with store.create("r1") as log:
        log.append(start())
        with pytest.raises(InternalError, match=r"Run r1: event 3 \(observation\) cannot be recorded"):
            log.append(Turn(text="fine"), Observation(data={"x": object()}))
        assert len(log.events) == len(store.read("r1")) == 1
        log.append(Turn(text="fine"))
        assert store.read("r1")[-1].seq == 2


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
            max_leaves=8,
        ),
        max_size=4,
    )
)
def test_any_data_comes_back(values: list[Any]) -> None:
    with MemoryStore().create("r") as log:
        log.append(*[Observation(data={"value": value}) for value in values])
        assert [event.model_dump()["data"] for event in log.events] == [{"value": value} for value in values]


def test_read_after(store: Store) -> None:
    with store.create("r1") as log:
        log.append(start(), Turn(), Turn())
    assert [e.seq for e in store.read("r1", after=1)] == [2, 3]
    assert store.read("r1", after=3) == []


def test_one_writer(store: Store) -> None:
    with store.create("r1") as log:
        log.append(start())
        assert store.is_live("r1")
        with pytest.raises(RunBusy, match="r1 is being written by this very process"):
            store.open("r1")
    assert not store.is_live("r1")
    store.open("r1").close()


def test_a_closed_log_takes_nothing(store: Store) -> None:
    log = store.create("r1")
    log.append(start())
    log.close()
    log.close()
    with pytest.raises(InternalError, match="closed"):
        log.append(Turn())
    assert len(store.read("r1")) == 1


def test_a_run_exists_from_its_first_event_on(store: Store) -> None:
    with store.create("r1"):
        assert store.runs() == []
    with store.create("r1") as log:
        log.append(start())
    with pytest.raises(UserError, match="r1 exists already"):
        store.create("r1")
    assert not store.is_live("r1")


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a b", "x" * 101, "a\n"])
def test_ids_that_cannot_be_paths(store: Store, name: str) -> None:
    for action in (store.create, store.run_folder):
        with pytest.raises(UserError, match="cannot be the id of a run"):
            action(name)


def test_find_by_prefix(store: Store) -> None:
    for name in ("2026-abc", "2026-abd", "2026"):
        with store.create(name) as log:
            log.append(start())
    assert store.find("2026-abc") == "2026-abc"
    assert store.find("2026-abd"[:8]) == "2026-abd"
    assert store.find("2026") == "2026"
    with pytest.raises(UnknownRun, match="2 runs begin with 2026-a: 2026-abc, 2026-abd"):
        store.find("2026-a")
    with pytest.raises(UnknownRun, match=r"Nearest: .*2026-abc"):
        store.read("2026-abcd")
    with pytest.raises(UnknownRun, match="no run ''"):
        store.open("")
    with pytest.raises(UnknownRun, match="deepresearch list"):
        store.request("zzzzzz", "cancel", {})


def test_requests_are_handed_out_once(store: Store) -> None:
    with store.create("r1") as log:
        log.append(start())
        assert log.take_requests() == []
        store.request("r1", "steer", {"text": "look at 2024"})
        store.request("r1", "finish_early", {})
        assert [(r.run, r.kind, r.body) for r in log.take_requests()] == [
            ("r1", "steer", {"text": "look at 2024"}),
            ("r1", "finish_early", {}),
        ]
        assert log.take_requests() == []


def test_summaries(store: Store) -> None:
    with store.create("old") as log:
        log.append(start("First?").model_copy(update={"time": 10.0}))
        log.append(Turn(text="x" * 5000, cost=0.25, usage=Usage(input=10, cached=4, output=2), time=20.0))
        log.append(Turn(cost=0.5, usage=Usage(input=5, output=1), time=30.0), Observation(shown="?", time=40.0))
        log.append(RunFinished(time=50.0))
    with store.create("new") as log:
        log.append(start("Second?"), Turn(cost=0.1), Turn(cost=None), RunPaused())
        new, old = store.runs()
    assert (old.run, old.question, old.state, old.live) == ("old", "First?", "finished", False)
    assert (old.started, old.updated, old.events, old.turns) == (10.0, 50.0, 5, 2)
    assert (old.cost, old.usage) == (0.75, Usage(input=15, cached=4, output=3))
    assert (new.run, new.state, new.live, new.cost) == ("new", "paused", True, None)


def test_run_folder(store: Store) -> None:
    folder = store.run_folder("r1")
    (folder / "note").write_text("x")
    assert store.run_folder("r1") == folder
    assert (folder / "note").read_text() == "x"


def test_blobs(store: Store) -> None:
    text = "wide 文 \ud83d\r\n" * 1000
    digest = store.blobs.put(text)
    assert store.blobs.put(text) == digest
    assert store.blobs.get(digest) == text
    with pytest.raises(JournalDamaged, match="0000"):
        store.blobs.get("0" * 64)
    with pytest.raises(JournalDamaged, match="not a content hash"):
        store.blobs.get("../../etc/passwd")


def test_the_memory_folder_goes_with_the_store() -> None:
    store = MemoryStore()
    folder: Path = store.run_folder("r1")
    store.close()
    assert not folder.exists()


def test_the_record_is_plain_json(store: Store) -> None:
    with store.create("r1") as log:
        [event] = log.append(Turn(text="é", sample=Sample(prompt_ids=[], completion_ids=[], logprobs=[math.nan])))
    json.loads(event.model_dump_json(), parse_constant=pytest.fail)
