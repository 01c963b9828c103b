"""The frame of a claim that says where it is from: "According to the handbook, ...", "X said that ...", 据X报道."""

import re

from ...text.characters import HAN

_SAYS = (
    "says?|said|states?|stated|notes?|noted|writes?|wrote|reports?|reported|adds?|added|explains?|explained|claims?"
    "|claimed|argues?|argued|points? out|pointed out|finds?|found|concludes?|concluded"
)
_SAYS_ZH = "表示|认为|指出|强调|写道|说|称|记载|介绍|报道|报告|显示|提到"
_SOURCE = re.compile(
    r"(?:according to|as (?:stated|noted|reported|described|explained|shown) (?:in|by)|in the words of) "
    r"[^,:“\"]{2,80}[,:]\s*(?=\S)"
    rf"|(?:据|根据|按照|按)[^，。：“「]{{1,30}}?(?:{_SAYS_ZH})?[，：,:]\s*",
    re.IGNORECASE,
)
_SPEAKER = re.compile(
    rf"[^,.;:!?“\"]{{2,80}}?\s(?:{_SAYS})(?:\s+that\s+|\s*[,:]\s*(?=[“\"]))"
    rf"|[^，。；：！？“「]{{1,30}}?(?:{_SAYS_ZH})(?:[，：,:]\s*|(?=[“「]))"
)
_BEHIND = re.compile(
    rf",\s+(?:(?:{_SAYS})\s+[^,.;:!?“\"]{{2,60}}|[^,.;:!?“\"]{{2,60}}\s(?:{_SAYS}))[.]?\s*$|，(?:据)?[^，。]{{2,20}}(?:{_SAYS_ZH})[。]?\s*$"
)
"""The same at the end: ", says the city archive"."""
LEAST, LEAST_HAN = 3, 6
"""Words, or Chinese characters, that must be left of a claim without its frame."""


def without_frame(claim: str) -> str:
    """The claim without the words by which it says where it is from: they need not be in the passage, which is that
    source. (Its names, numbers and dates must be; other checks see to that.)"""
    match = _SOURCE.match(claim) or _SPEAKER.match(claim)
    behind = None if match else _BEHIND.search(claim)
    rest = claim[match.end() :] if match else claim[: behind.start()] if behind else ""
    enough = len(rest.split()) >= LEAST or len(re.findall(f"[{HAN}]", rest)) >= LEAST_HAN
    return rest if enough else claim
