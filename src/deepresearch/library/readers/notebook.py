"""Jupyter notebooks: the text and the code; results are left out."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...errors import DocumentError
from ...text.encoding import decode
from ..documents import Block, Document, ReadProblem
from .markdown import markdown_blocks


def read_notebook(path: Path) -> Iterator[Document | ReadProblem]:
    """One document. Raises DocumentError, OSError."""
    try:
        notebook = json.loads(decode(path.read_bytes(), str(path)))
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"{path} is not valid JSON: {error}.", "Save the notebook again.") from error
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise DocumentError(f"{path} is not a notebook: it has no `cells`.", "Save it in version 4 of the format.")
    meta = _dict(notebook.get("metadata"))
    language = str(_dict(meta.get("kernelspec")).get("language") or _dict(meta.get("language_info")).get("name") or "")
    blocks = [block for cell in cells if isinstance(cell, dict) for block in _cell(cell, language)]
    title = meta.get("title") or next((block.text for block in blocks if block.kind == "heading"), path.stem)
    yield Document(str(path), str(title), blocks)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _cell(cell: dict[str, Any], language: str) -> list[Block]:
    source = cell.get("source")
    text = "".join(map(str, source)) if isinstance(source, list) else str(source or "")
    if cell.get("cell_type") == "code" and text.strip():
        return [Block("code", f"```{language if language.isalnum() else ''}\n{text.rstrip()}\n```")]
    return markdown_blocks(text) if cell.get("cell_type") == "markdown" else []
