"""A byte-level tokenizer with a judge's marks, and labelled reports small enough to learn in seconds."""

from collections.abc import Callable, Sequence
from typing import Any

from transformers import PreTrainedTokenizerFast

from deepresearch.training.engine import Generated
from deepresearch.training.judging import END, MARKS, REASON, LabelledCriterion, LabelledReport
from deepresearch.training.tokenizer import train_tokenizer

COLOURS = ("red", "blue", "green")


def tiny_tokenizer(marks: Sequence[str] = MARKS) -> PreTrainedTokenizerFast:
    """Bytes, a few merges, and the marks."""
    return train_tokenizer([" ".join(COLOURS), "The door is a The roof is right wrong missing "] * 20, 300, marks)


def labelled(number: int = 0, levels: Sequence[str] = ("fully", "not")) -> LabelledReport:
    """A report with one criterion for each of `levels`."""
    criteria = [
        LabelledCriterion.model_validate(
            {"criterion": f"The part {n} is {COLOURS[n % 3]}.", "weight": 1, "level": level, "reason": level}
        )
        for n, level in enumerate(levels)
    ]
    return LabelledReport(id=f"r{number}", question=f"House {number}?", report=f"Report {number}.", criteria=criteria)


class Scripted:
    """An engine that answers each prompt with the verdict that a function names; "": with what cannot be read."""

    context = 4096

    def __init__(self, decide: Callable[[Sequence[int]], str | Sequence[str]]) -> None:
        self.decide = decide
        self.asked = 0
        self.vocabulary = tiny_tokenizer().get_vocab()

    async def generate(self, prompt: Sequence[int], **_: Any) -> Generated:
        self.asked += 1
        decided = self.decide(prompt)
        levels = [decided] if isinstance(decided, str) else decided
        marks = [mark for level in levels if level for mark in (REASON, f"<|{level}|>")]
        ids = [self.vocabulary[mark] for mark in (*marks, END)]
        return Generated(ids, [-0.1] * len(ids), "stop")

    def release(self, key: str) -> None:
        """Nothing is kept."""

    async def close(self) -> None:
        """Nothing."""
