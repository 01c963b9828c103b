import json
from collections.abc import Callable
from typing import Any

import pytest

from deepresearch.judge import draft_rubrics
from deepresearch.judge.drafting import read_draft
from deepresearch.models.client import ChatClient
from deepresearch.models.structured import Unusable
from tests.support.chat_server import ChatServer

Make = Callable[..., ChatClient]
ROWS = [
    {"id": "x", "criterion": "Names the engineer.", "weight": 5, "role": "explicit", "axis": "facts"},
    {"criterion": "Confuses the two towers.", "weight": -3, "role": "negative", "axis": "facts"},
]


async def test_a_model_drafts(client: Make) -> None:
    async with ChatServer([{"text": json.dumps({"rubrics": ROWS})}]) as server:
        model = client(server.url)
        asked = await draft_rubrics(model, "Who built it?")
        await model.close()
    assert asked.value is not None and asked.value.origin == "drafted by judge-1"
    assert [(r.id, r.weight, r.role) for r in asked.value.rubrics] == [("c1", 5, "explicit"), ("c2", -3, "negative")]
    assert "Write 8 to 25 criteria" in server.requests[0].body["messages"][1]["content"]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([], "no list"),
        ("x", "no list"),
        ([{"criterion": "x"}], "cannot be used"),
        ([{"criterion": "x", "weight": 3, "role": "negative"}], "below zero"),
        ([ROWS[1]], "above zero"),
    ],
)
def test_drafts_that_cannot_be_used(rows: Any, why: str) -> None:
    with pytest.raises(Unusable, match=why):
        read_draft(json.dumps({"rubrics": rows}), "Q", "o")
