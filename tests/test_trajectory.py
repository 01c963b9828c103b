"""The record: unknown things survive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from deepresearch.trajectory import (
    EVENT_TYPES,
    Answered,
    UnknownEvent,
    parse_event,
)

words = st.text(max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["turn", "observation", "user.steered", "future.event"]), words, json_values)
def test_unknown_fields_and_types_survive(kind: str, name: str, value: object) -> None:
    record = {"type": kind, "run": "r", "seq": 3, f"x_{name}": value}
    assert parse_event(record).model_dump()[f"x_{name}"] == value


def test_unknown_type_is_kept_whole() -> None:
    event = parse_event({"type": "future.event", "run": "r", "seq": 1, "payload": {"a": 1}})
    assert isinstance(event, UnknownEvent) and event.model_dump()["payload"] == {"a": 1}


def test_known_type_with_wrong_fields_is_refused() -> None:
    with pytest.raises(ValidationError):
        parse_event({"type": "run.started", "run": "r", "seq": 1})


def test_every_event_type_is_known() -> None:
    assert len(EVENT_TYPES) == 18 and {"run.started", "turn", "view.compacted", "run.failed"} <= EVENT_TYPES


def test_a_report_of_an_older_record_reads() -> None:
    report = parse_event({"type": "answered", "text": "It is blue.", "partial": False})
    assert isinstance(report, Answered) and (report.by, report.parts, report.reason) == ("", [], "")
