import json
from collections.abc import Callable
from typing import Any

import pytest

from deepresearch.judge import compare
from deepresearch.judge.comparison import AXES, read_grading
from deepresearch.models.client import ChatClient
from deepresearch.models.structured import Unusable
from tests.support.chat_server import ChatServer, Received

Make = Callable[..., ChatClient]


def graded(first: int, second: int, better: str, /, **depth: int) -> dict[str, Any]:
    grades = {name: dict.fromkeys(AXES, grade) for name, grade in (("first", first), ("second", second))}
    for name, grade in depth.items():
        grades[name]["depth"] = grade
    return {"text": json.dumps({"reason": "r", **grades, "better": better})}


async def compared(client: Make, answer: Callable[[Received], dict[str, Any]] | dict[str, Any]) -> Any:
    async with ChatServer([answer]) as server:
        model = client(server.url)
        try:
            return await compare(model, "Q", "REPORT-A", "REPORT-B")
        finally:
            await model.close()


def first_is_a(request: Received) -> bool:
    content = request.body["messages"][1]["content"]
    return content.index("REPORT-A") < content.index("REPORT-B")


async def test_both_orders_agree(client: Make) -> None:
    found = await compared(client, lambda r: graded(2, 4, "second") if first_is_a(r) else graded(4, 2, "first"))
    assert (found.better, found.agreed, found.requests) == ("b", True, 2)
    assert found.a["depth"] == 2 and found.b["depth"] == 4
    assert found.deeper_and_no_less_complete


async def test_a_judge_that_always_prefers_the_first_decides_nothing(client: Make) -> None:
    found = await compared(client, graded(5, 1, "first"))
    assert (found.better, found.agreed) == ("tie", False)
    assert found.a == found.b and not found.deeper_and_no_less_complete


async def test_deeper_but_less_complete_is_not_kept(client: Make) -> None:
    def answer(request: Received) -> dict[str, Any]:
        return graded(4, 3, "second", second=5) if first_is_a(request) else graded(3, 4, "first", first=5)

    found = await compared(client, answer)
    assert found.better == "b" and found.b["depth"] > found.a["depth"]
    assert not found.deeper_and_no_less_complete


async def test_an_unusable_order_leaves_no_verdict(client: Make) -> None:
    found = await compared(client, lambda r: graded(2, 4, "second") if first_is_a(r) else {"text": "The first."})
    assert found.better is None and "no JSON object" in found.problem and found.requests == 3
    assert not found.deeper_and_no_less_complete


@pytest.mark.parametrize(
    "text",
    [
        '{"better": "second"}',
        '{"better": "A"}',
        graded(0, 3, "tie")["text"],
        graded(3, 6, "tie")["text"],
        '{"better": 1}',
    ],
)
def test_gradings_that_cannot_be_used(text: str) -> None:
    with pytest.raises(Unusable):
        read_grading(text)
