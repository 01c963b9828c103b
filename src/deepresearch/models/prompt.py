"""Requests to a model: our instructions, and untrusted texts within fences that they cannot close.

A fence's boundary is a keyed hash of the text within, under a key that each process makes for itself. Whoever writes a
text cannot know it; the same text has the same fence in every request, so that servers find their cached prefix.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .base import Message

BOUNDARY = 12
"""Hexadecimal digits: a passage cannot guess them, and a small model reads them with every request."""
_KEY = secrets.token_bytes(32)
_SLOT = re.compile(r"\{\{(\w+)\}\}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_TEMPLATE_MARK = re.compile(r"<(?=\|)|(?<=\|)>")
"""The marks by which chat templates separate speakers, such as <|im_start|>."""


@dataclass(frozen=True)
class Prompt:
    """A request before its fences are drawn, so that equal requests are equal in every process."""

    rules: str
    """The system message."""
    template: str
    """The question, with a slot {{name}} for each text."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Untrusted texts by slot, which go in fenced."""
    words: Mapping[str, str] = field(default_factory=dict)
    """Our own words by slot, which go in as they are."""

    def messages(self) -> list[Message]:
        """The request as it is sent."""
        values = dict(self.words) | {name: fenced(name.upper(), text) for name, text in self.texts.items()}
        content = _SLOT.sub(lambda slot: values[slot[1]], self.template)
        return [{"role": "system", "content": self.rules}, {"role": "user", "content": content}]

    def identity(self) -> list[Any]:
        """What distinguishes it from other requests."""
        return [self.rules, self.template, dict(self.texts), dict(self.words)]


def fenced(name: str, text: str) -> str:
    """`text` between two lines with a boundary that is not in it."""
    clean = _TEMPLATE_MARK.sub("‹", _CONTROL.sub("", text))
    boundary, round_ = "", 0
    while not boundary or boundary in clean:
        boundary = hmac.new(_KEY, f"{round_} {name} {clean}".encode(), hashlib.sha256).hexdigest()[:BOUNDARY]
        round_ += 1
    return f"<<<{name} {boundary}>>>\n{clean}\n<<<END {name} {boundary}>>>"
