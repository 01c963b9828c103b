import json
from collections.abc import Callable
from typing import Any

import pytest

from deepresearch.judge import ask_claim
from deepresearch.models.client import ChatClient
from tests.support.chat_server import ChatServer

Make = Callable[..., ChatClient]
PASSAGE = "The harbour tower was built\nin 1887. It is 62 metres tall. 灯塔建于1887年。"


def word(verdict: str, evidence: Any) -> dict[str, Any]:
    return {"text": json.dumps({"reason": "r", "evidence": evidence, "verdict": verdict})}


async def checked(client: Make, *script: dict[str, Any]) -> tuple[Any, ChatServer]:
    async with ChatServer(list(script)) as server:
        model = client(server.url)
        try:
            return (await ask_claim(model, "The tower dates from 1887.", "Guide", PASSAGE)).value, server
        finally:
            await model.close()


@pytest.mark.parametrize("level", ["supports", "partly", "contradicts"])
async def test_the_sentence_it_rests_on_is_in_the_passage(client: Make, level: str) -> None:
    found, server = await checked(client, word(level, "The harbour tower was built in 1887."))
    assert (found.level, found.evidence) == (level, "The harbour tower was built\nin 1887.")
    content = server.requests[0].body["messages"][1]["content"]
    assert "The tower dates from 1887." in content and "Guide" in content


async def test_unrelated_needs_no_sentence(client: Make) -> None:
    found, _ = await checked(client, word("unrelated", ""))
    assert (found.level, found.evidence) == ("unrelated", "")


async def test_an_invented_sentence_is_asked_for_again(client: Make) -> None:
    found, server = await checked(
        client, word("supports", "It was opened in 1888."), word("supports", ["灯塔建于1887年。"])
    )
    assert found.evidence == "灯塔建于1887年。"
    assert "letter by letter" in server.requests[1].body["messages"][-1]["content"]


@pytest.mark.parametrize(
    "behaviour",
    [word("supports", "Invented."), word("supports", ""), word("true", "It is 62 metres tall."), {"text": "Yes."}],
)
async def test_what_cannot_be_used_is_no_verdict(client: Make, behaviour: dict[str, Any]) -> None:
    found, server = await checked(client, behaviour)
    assert found is None and len(server.requests) == 2


async def test_what_it_took_is_known_even_where_nothing_came_of_it(client: Make) -> None:
    async with ChatServer([{"text": "Yes."}]) as server:
        model = client(server.url)
        asked = await ask_claim(model, "c", "t", PASSAGE)
        await model.close()
    assert asked.value is None and asked.requests == 2 and asked.usage.input > 0 and asked.problem
