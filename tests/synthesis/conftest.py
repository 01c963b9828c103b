from collections.abc import Iterator

import pytest

from tests.synthesis.world import OPENED, graph, library

__all__ = ["graph", "library"]


@pytest.fixture(autouse=True)
def _libraries_are_closed() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()
