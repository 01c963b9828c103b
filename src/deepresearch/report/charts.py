"""Charts: Vega-Lite specifications in a report, drawn as pictures without a browser or a network.

A specification is a code block whose language is vega-lite and holds its data itself. It comes from a model:
it is drawn in a process of its own, with an empty environment, a limit of time, and no addresses allowed.
"""

import json
import struct
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from ..sandbox.script import run_script
from ..text.characters import one_line

LARGEST = 1_000_000
"""Characters of a specification."""
SECONDS = 60
"""Seconds after which drawing is stopped."""
SCALE = 2
"""Pixels of a picture for each that it is meant to take, so that it prints well."""
_DRAW = (
    "import sys, vl_convert\n"
    f"png = vl_convert.vegalite_to_png(sys.stdin.read(), scale={SCALE}, allowed_base_urls=[])\n"
    "sys.stdout.buffer.write(png)\n"
)


@dataclass(frozen=True)
class DrawnChart:
    title: str
    png: bytes | None
    """The picture; None where it could not be drawn."""
    problem: str = ""
    """Why, in words for people."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height at which the picture is meant to be shown, in CSS pixels."""
        width, height = struct.unpack(">II", (self.png or bytes(24))[16:24])
        return width // SCALE, height // SCALE


def is_chart(language: str) -> bool:
    """Whether a code block in `language` is a chart."""
    return language.strip().lower() in ("vega-lite", "vegalite", "vl")


@lru_cache(maxsize=64)
def draw(specification: str) -> DrawnChart:
    """The picture of a chart, or why there is none."""
    try:
        read = json.loads(specification) if len(specification) <= LARGEST else None
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        return DrawnChart("", None, "its specification is not a JSON object that can be read.")
    title = _title(read)
    if _fetches(read):
        return DrawnChart(title, None, "its specification asks for data from elsewhere; it must contain its data.")
    if find_spec("vl_convert") is None:
        return DrawnChart(title, None, "vl-convert-python is not installed (pip install 'step-deepresearch[charts]').")
    drawn, problem = run_script(_DRAW, json.dumps(read).encode(), SECONDS)
    return DrawnChart(title, drawn) if drawn.startswith(b"\x89PNG") else DrawnChart(title, None, problem)


def _title(specification: dict[str, Any]) -> str:
    title = specification.get("title") or specification.get("description") or ""
    text = title.get("text", "") if isinstance(title, dict) else title
    return one_line(text if isinstance(text, str) else " ".join(map(str, text)), 200)


def _fetches(value: Any) -> bool:
    """Whether a specification names an address of data or of a picture anywhere."""
    if isinstance(value, dict):
        return "url" in value or "href" in value or any(_fetches(v) for v in value.values())
    return isinstance(value, list) and any(_fetches(v) for v in value)
