import re

import pytest

from deepresearch.guided.asks import (
    LONGEST_QUERY,
    LONGEST_SENTENCE,
    QUERIES,
    _read_queries,
    _reads_answer,
    _reads_text,
    prompts,
)
from deepresearch.models.structured import Unusable


@pytest.mark.parametrize("name", ["queries", "guess", "finding", "repair", "answer"])
def test_both_languages_have_the_same_slots(name: str) -> None:
    slots = [sorted(set(re.findall(r"\{\{(\w+)\}\}", prompts(language)[name]))) for language in ("en", "zh")]
    assert slots[0] == slots[1]


def test_an_answer_keeps_sentences_that_name_their_findings() -> None:
    reply = '{"sentences": [{"text": "A.", "findings": [2, 2, 9, "1"]}, {"text": "B.", "findings": []}, {"text": ""}]}'
    assert [(s.text, s.findings) for s in _reads_answer(2)(reply)] == [("A.", (2,))]
    for nothing in ('{"sentences": []}', '{"sentences": "A."}', '{"sentences": [{"text": "A.", "findings": null}]}'):
        with pytest.raises(Unusable):
            _reads_answer(2)(nothing)


def test_queries_are_few_and_short() -> None:
    reply = '{"queries": ["tram", "tram", "", "' + " ".join(map(str, range(60))) + '", "a", "b", "c"]}'
    queries = _read_queries(reply)
    assert len(queries) == QUERIES and max(map(len, queries)) <= LONGEST_QUERY and queries[0] == "tram"
    with pytest.raises(Unusable):
        _read_queries('{"queries": {"a": 1}}')


@pytest.mark.parametrize("loop", ["ha ha ha ha ha ha ha ha ha ", "开通了线路，" * 6])
def test_a_text_that_repeats_itself_cannot_be_used(loop: str) -> None:
    with pytest.raises(Unusable, match="again and again"):
        _reads_text("finding")('{"finding": "' + loop + '"}')


def test_a_citation_of_the_models_own_is_taken_out() -> None:
    assert _reads_text("finding")('{"finding": "It opened in 1903 \\\\\\\\cite{x}."}') == "It opened in 1903."


def test_a_sentence_that_was_cut_off_at_the_longest_length_is_left_out() -> None:
    whole = "Tram line 9 opened in 1903. "
    text = whole + "It ran from the " + "old " * 3 + " ".join(f"mill{n}" for n in range(90))
    assert _reads_text("finding")('{"finding": "' + text[:LONGEST_SENTENCE] + '"}') == whole.strip()
    assert _reads_text("finding")('{"finding": "It opened in 1903"}') == "It opened in 1903"
