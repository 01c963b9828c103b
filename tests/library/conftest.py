from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deepresearch.library import Library
from deepresearch.library.dense.vectors import VectorFile


@pytest.fixture(autouse=True)
def closed_at_the_end(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Closes whatever a test has opened: a database that is only forgotten is a warning, and so a failure."""
    opened: list[Any] = []

    def noting(kind: type) -> Any:
        made = kind.__init__

        def init(self: Any, *args: Any, **options: Any) -> None:
            made(self, *args, **options)
            opened.append(self)

        return init

    for kind in (Library, VectorFile):
        monkeypatch.setattr(kind, "__init__", noting(kind))
    yield
    for one in opened:
        one.close()


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    library = Library.open(tmp_path / "data", "test")
    yield library
    library.close()
