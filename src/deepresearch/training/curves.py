"""Curves of a training run: one JSON line an update, read back, and drawn."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from ..files import write_file

Point = dict[str, float]


@dataclass
class Curve:
    """What was measured on the way. Each point has `update` and whatever was measured then."""

    points: list[Point] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    """Samples that were left out, by reason."""

    def values(self, name: str) -> list[tuple[float, float]]:
        """(update, value) of one quantity, where it was measured."""
        return [(point["update"], point[name]) for point in self.points if name in point]

    def last(self, name: str) -> float:
        """The newest value of a quantity. Raises KeyError where it was never measured."""
        for point in reversed(self.points):
            if name in point:
                return point[name]
        raise KeyError(name)


class CurveFile:
    """A file of points that grows, and is cut back to the update from which a run is resumed."""

    def __init__(self, path: Path | None, update: int = 0) -> None:
        """Keeps what the file has up to `update`. None: points are kept in memory alone. Raises OSError."""
        kept = [point for point in read_points(path) if point["update"] <= update] if path and path.exists() else []
        self.curve = Curve(kept)
        self._file: IO[bytes] | None = None
        if path:
            write_file(path, (_line(point) for point in kept))
            self._file = path.open("ab")

    def add(self, **point: float) -> None:
        """Append one point; out of this process at once, so that a kill loses none."""
        self.curve.points.append(point)
        if self._file:
            self._file.write(_line(point))
            self._file.flush()

    def close(self) -> None:
        if self._file:
            self._file.close()


def read_points(path: Path) -> list[Point]:
    """The points of a file; a last line that a kill tore is left out. Raises OSError."""
    with path.open("rb") as lines:
        return [json.loads(line) for line in lines if line.endswith(b"\n")]


def draw(curves: Mapping[str, Curve], names: Iterable[str], path: Path) -> None:
    """A picture (.svg, .png) with a panel for each quantity and a line for each curve that has it. Raises OSError."""
    from matplotlib.figure import Figure  # noqa: PLC0415  only who draws waits for it

    wanted = [name for name in names if any(curve.values(name) for curve in curves.values())]
    figure = Figure(figsize=(4.5 * max(1, len(wanted)), 3.2), layout="constrained")
    panels: list[Any] = list(figure.subplots(1, max(1, len(wanted)), squeeze=False)[0])
    for panel, name in zip(panels, wanted, strict=False):
        for label, curve in curves.items():
            if values := curve.values(name):
                panel.plot(*zip(*values, strict=True), label=label, linewidth=1, marker="." if len(values) < 30 else "")
        panel.set_xlabel("update")
        panel.set_title(name.replace("_", " "))
        panel.grid(alpha=0.3)
        panel.legend(fontsize="small")
    figure.savefig(path)


def _line(point: Point) -> bytes:
    return json.dumps(point, separators=(",", ":")).encode() + b"\n"
