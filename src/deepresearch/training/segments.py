"""Token ids of a run by their origin, and the training samples that they make."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..derived import started
from ..trajectory import Event, Turn, ViewCompacted
from .records import TokenSample


@dataclass(frozen=True)
class Segment:
    """Consecutive tokens of one origin."""

    ids: list[int]
    turn: int = 0
    """Seq of the turn that wrote them; 0: context."""


def join(segments: Iterable[Segment]) -> list[int]:
    """The ids of all segments."""
    return [id_ for segment in segments for id_ in segment.ids]


def samples_of(
    events: Sequence[Event], segments: Callable[[Sequence[Event]], list[Segment]], kind: str
) -> list[TokenSample]:
    """See TokenDialect.samples. A turn is learnt in exactly the view in which it was made."""
    found: list[TokenSample] = []
    learnt: set[int] = set()

    def end_stretch(until: int) -> None:
        parts = segments(events[:until])
        while parts and parts[-1].turn not in learnt:
            parts.pop()
        if parts:
            weights = [float(part.turn in learnt) for part in parts for _ in part.ids]
            found.append(TokenSample(join(parts), weights, started(events).run, kind))
        learnt.clear()

    for place, event in enumerate(events):
        if isinstance(event, ViewCompacted):
            end_stretch(place)
        if isinstance(event, Turn):
            learnt.add(event.seq)
    end_stretch(len(events))
    return found
