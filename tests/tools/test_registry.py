import json

import pytest

from deepresearch.tools import TOOLS, default_tools


def test_names_and_specs() -> None:
    tools = default_tools([])
    assert [tool.name for tool in tools] == TOOLS.names()
    for tool in tools:
        function = tool.spec()["function"]
        assert "$ref" not in json.dumps(function)
        assert set(function) == {"name", "description", "parameters"}
        assert len(json.dumps(function)) < 4_000


def test_each_run_gets_its_own_tools() -> None:
    assert not set(map(id, default_tools([]))) & set(map(id, default_tools([])))


@pytest.mark.parametrize("name", ["todo", "file"])
def test_calls_whose_order_matters_run_alone(name: str) -> None:
    assert TOOLS.get(name).sequential
