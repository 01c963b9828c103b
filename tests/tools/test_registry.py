import json
import re

import pytest

from deepresearch.models.schemas import offered
from deepresearch.tools import TOOLS, default_tools
from deepresearch.tools.searching import SearchRequest


def test_names_and_specs() -> None:
    tools = default_tools([])
    assert [tool.name for tool in tools] == TOOLS.names()
    for tool in tools:
        function = tool.spec()["function"]
        assert "$ref" not in json.dumps(function)
        assert set(function) == {"name", "description", "parameters"}
        assert len(json.dumps(function)) < 4_000


def test_small_models_are_offered_the_plain_form_only() -> None:
    whole, plain = (
        {tool.name: tool.spec()["function"]["parameters"] for tool in default_tools([], simple=simple)}
        for simple in (False, True)
    )
    assert "since" in json.dumps(whole["batch_web_surfer"]) and "since" not in json.dumps(plain["batch_web_surfer"])
    assert plain["batch_web_surfer"]["properties"]["queries"]["items"]["type"] == "string"
    assert whole["file"]["properties"].keys() - plain["file"]["properties"].keys() == {"patch", "column", "recursive"}


def test_what_is_sent_of_the_tools_is_short() -> None:
    """The first prompt holds all of them: 1,823 tokens of a Qwen model once, 765 now."""
    sent = [offered(tool.spec()) for tool in default_tools([])]
    assert len(json.dumps(sent)) < 2_700
    assert not {"additionalProperties", "default", "maxLength"} & set(re.findall(r"\w+", json.dumps(sent)))
    queries = sent[0]["function"]["parameters"]["properties"]["queries"]
    assert queries["items"] == {"anyOf": [{"type": "string"}, {"type": "object"}]}
    for field in SearchRequest.model_fields:
        assert f'"{field}"' in queries["description"], "what the schema leaves out is in the description"


def test_each_run_gets_its_own_tools() -> None:
    assert not set(map(id, default_tools([]))) & set(map(id, default_tools([])))


@pytest.mark.parametrize("name", ["todo", "file"])
def test_calls_whose_order_matters_run_alone(name: str) -> None:
    assert TOOLS.get(name).sequential
