"""The frame of a claim that says where it is from: "According to the handbook, ...", "X said that ...", 据X报道."""

import re

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
_LEAST, _LEAST_HAN = 3, 6
"""Words, or Chinese characters, that must be left of a claim without its frame."""


def split(claim: str) -> tuple[str, str]:
    """(the words that a claim needs a passage to know, the claim without its frame).

    Of a source ("According to the handbook, ...") nothing need stand in the passage, which is that source; of a speaker
    ("Smith said that ...") the name. Without a frame: "" and the claim.
    """
    for pattern, needed in ((_SOURCE, False), (_SPEAKER, True)):
        match = pattern.match(claim)
        if match and _is_enough(claim[match.end() :]):
            return match.group() if needed else "", claim[match.end() :]
    return "", claim


def _is_enough(rest: str) -> bool:
    return len(rest.split()) >= _LEAST or len(re.findall("[\u3400-\u9fff]", rest)) >= _LEAST_HAN
