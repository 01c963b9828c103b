"""What was found out: sentences that a model wrote from passages and that hold, or the quotations in their place."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from ..extractive.candidates import is_sentence
from ..extractive.features import rarity
from ..extractive.quoting import escape
from ..extractive.words import content_terms, related
from ..report.verification import verify
from ..text.characters import has_han
from ..text.names import names_in
from ..text.sentences import split_sentences
from ..text.wordlists import stop_words
from ..trajectory import Call, Citation, Event, Passage, Turn

FILE = "findings.jsonl"
"""Where in the workspace the findings are, one a line; they are read back from the calls that wrote them."""
TOOL = "file"
HAD = 0.9
"""Share of a sentence's terms that its passage must have."""
SURE = 0.7
"""Score from which a sentence is its passage's; below, only its words are, each somewhere."""
HALF = 0.5
"""Rarity from which a word that the passage has not is invented; share of the terms of what is limited from which a
sentence says it; score from which a sentence that does not hold came near its passage."""
FEWEST = 3
"""Terms that this must have."""
_STOPS = " .。．!！;；"
_NO_STATEMENT = re.compile(
    r"[?？]\W*$|[:：]\s*$|^\W*(?:and|or|but|nor|which)\b|^\W*(?:(?:otherwise|if so|in (?:that|this) case),|否则)",
    re.IGNORECASE,
)
"""A question, what leads to a list, or the rest of a sentence."""
_SAYS_NOTHING = re.compile(
    r"^(?:finding: ?)?(?:the|this) (?:passage|text|document|finding)\b.{0,60}?\b(?:not|no|nothing)\b"
    r"|^(?:该|这个|本)?(?:段落|文段|文中|文本)[^，。]{0,8}?(?:没有|未|不)",
    re.IGNORECASE,
)
_TELLS = (
    "(?:also )?(?:states|says|mentions|explains|notes|answers)(?: (?:it|this|that))?(?: by (?:stating|saying|noting))?"
)
_IF = "if|when|whenever|unless|once|where|provided|assuming|in case|as long as"
_CONDITION = re.compile(
    rf"\W*(?:otherwise, |but |and |however, |also, )?(?:(?:only )?(?:{_IF})\b(?P<condition>[^,;]+),)"
    r"|\W*(?:但|而|不过)?(?:如果|假如|若|当|除非|只有|一旦)(?P<condition_zh>[^，；]+)，",
    re.IGNORECASE,
)
"""A condition at the start of a sentence."""
_CONDITIONAL = re.compile(rf"(?<!as )\b(?:{_IF})\b|如果|假如|若|当|除非|只有|一旦|时", re.IGNORECASE)
_FOLLOWS = re.compile(
    r"\W*(?:in particular|then|so|in (?:that|this|such a) case|specifically)\b|其中|此时|这时|这样", re.I
)
"""Opens a sentence of which the conditions are in the sentence before."""
_PLANNED = re.compile(
    r"\b(?:planned|scheduled|intended|proposed|supposed|expected|would|(?:was|were) to|default"
    r"|specif(?:y|ies) (?:that|whether)|(?:determines|indicates) (?:whether|if))\b|计划|拟|原定|预定|本应|默认",
    re.IGNORECASE,
)
"""Of what need not be so."""
_SAME = re.compile(r"\b(?:these|those|such) ((?:\w+ )?\w+)", re.IGNORECASE)
"""Things that an earlier sentence tells, without which their name means others."""
_WAS = re.compile(r"(\w+) (?:was|were) ((?:an? |the )?\w+)\b")
_LIMIT = re.compile(
    r"\b(?:before|until|up to|since|after) (?:\w+ ){0,2}(?P<year>\d{4})\b(?P<limited>[^,.;]*)"
    r"|(?P<year_zh>\d{4})\s?年(?:以|之)?[前后](?P<limited_zh>[^，。；]*)",
    re.IGNORECASE,
)
"""From when, or until when, something is so."""
_CONTINUED = re.compile(
    r"[,;]\s+(?:and|but|while|which means that)?\s*(?=(?:it|this|they|these)\b)|[，；](?:而|但|且|并)?(?=它|这)"
)
"""Where a clause continues a sentence by a pronoun."""
_LATIN = re.compile(r"[A-Za-z][\w.+#-]*\w")
_FRAME = re.compile(
    rf"^(?:(?i:according to (?:the|this) (?:passage|text),? |(?:the|this) (?:passage|text) {_TELLS},? (?:that )?"
    rf"|it {_TELLS} that )|(?:根据|据)?(?:该|这个|本)?(?:段落|文段)[中还也]*(?:提到|指出|说明|说|表示)?了?[，：,:]?)"
)
"""What a model says about the passage instead of what the passage says."""


@dataclass(frozen=True)
class PassageFinding:
    """What one passage says on one part of the question."""

    part: str
    """The part as it was put."""
    passage: str
    """Id."""
    text: str = ""
    """The sentences of the model that hold; empty: none does."""
    quotation: str = ""
    """What of the passage they rest on, or what is quoted in their place, a stretch a line; empty: it says nothing."""

    @property
    def says(self) -> str:
        """What it says, in the model's words or the passage's; empty where the passage says nothing."""
        return self.text or self.quotation


def recorded(events: Sequence[Event]) -> dict[tuple[str, str], PassageFinding]:
    """The findings of the run so far, by part and passage, in the order in which they were made."""
    found: dict[tuple[str, str], PassageFinding] = {}
    for event in events:
        for call in event.calls if isinstance(event, Turn) else ():
            if call.tool == TOOL and call.arguments and call.arguments.get("path") == FILE:
                for finding in _read(str(call.arguments.get("content", ""))):
                    found[finding.part, finding.passage] = finding
    return found


def recording(findings: Sequence[PassageFinding]) -> Call:
    """The call that makes findings durable."""
    lines = [json.dumps(asdict(finding), ensure_ascii=False) for finding in findings]
    arguments: dict[str, Any] = {"action": "append", "path": FILE, "content": "\n".join(lines) + "\n"}
    return Call(id="", tool=TOOL, arguments=arguments)


def _read(lines: str) -> list[PassageFinding]:
    return [PassageFinding(**json.loads(line)) for line in lines.splitlines() if line.strip()]


def cited(sentence: str, passages: Sequence[str], stop: str = ".") -> str:
    """A sentence of a model in Markdown, with its citations inside it."""
    return f"{escape(sentence.strip(_STOPS))}\\cite{{{','.join(passages)}}}{stop}"


def check(claims: Sequence[tuple[str, str]], known: Mapping[str, Passage], question: str = "") -> list[Citation]:
    """For each (sentence, passage id) the verdict of the check of finished reports: what passes here passes there.
    question: what the sentences answer.

    A supported sentence with words of its own is supported in part only: a small model does not paraphrase, it invents.
    So is one that states without its condition what the passage states under one, or of one thing what the passage
    states of another.
    """
    text = "\n\n".join(cited(sentence, [ident]) for sentence, ident in claims)
    verdicts = {verdict.mark: verdict for verdict in verify(text, known, question=question).citations}
    found = []
    for number, (sentence, ident) in enumerate(claims):
        verdict = verdicts.get(number) or Citation(passage=ident, level="unrelated")
        is_altered = verdict.level == "supports" and (
            (verdict.score or 0) < SURE or _is_altered(sentence, known[ident])
        )
        found.append(verdict.model_copy(update={"level": "partly"}) if is_altered else verdict)
    return found


def _is_altered(sentence: str, passage: Passage) -> bool:
    """It has words of its own, or another condition or subject than the nearest sentence of the passage; or it repeats
    the line of title and headings above the passage, as if that were a statement."""
    if any(f"{place} / " in sentence or f" / {place}" in sentence for place in (passage.title, *passage.heading)):
        return True
    stated = _stated(passage)
    nearest = _nearest(sentence, stated)
    if nearest.startswith("|"):  # a cell says something only with the name of its column
        names = passage.text.partition("\n| --- |")[0].splitlines()[-1]
        if set(content_terms(names)).isdisjoint(content_terms(sentence)):
            return True
    place = stated.index(nearest)
    is_other = _drops_condition(sentence, nearest) or _swaps_subject(sentence, nearest)
    if place and _FOLLOWS.match(nearest):
        is_other |= _drops_condition(sentence, stated[place - 1], is_before=True)
    rest = [term for term in content_terms(sentence) if term not in content_terms(nearest)]
    sources = f"{nearest} {_nearest(' '.join(rest), stated) if rest else ''}"
    is_other |= bool(_PLANNED.search(sources)) and not _PLANNED.search(sentence)
    is_other |= not _SAME.search(sentence) and any(
        one.casefold() in sentence.casefold() for one in _SAME.findall(nearest)
    )
    is_other |= _drops_time(sentence, passage.text) or _joins(sentence, stated)
    return is_other or _share_had(sentence, passage) < HAD


def nearest_to(
    sentences: Sequence[str], verdicts: Sequence[Citation], known: Mapping[str, Passage]
) -> tuple[str, str] | None:
    """What to quote in place of sentences that do not hold: what one of them came near to, and its passage; None where
    none came near anything."""
    near = [(v.score or 0.0, s, v.passage) for s, v in zip(sentences, verdicts, strict=True) if v.level != "unrelated"]
    score, sentence, ident = max(near, default=(0.0, "", ""))
    return (_nearest(sentence, _stated(known[ident])), ident) if score >= HALF else None


def _stated(passage: Passage) -> list[str]:
    """The sentences of the passage, the rows of its tables whole."""
    lines = passage.text.splitlines()
    return [one for line in lines for one in ([line] if line.startswith("|") else split_sentences(line))] or [""]


def _nearest(words: str, sentences: Sequence[str]) -> str:
    terms = set(content_terms(words))
    return max(sentences, key=lambda one: sum(rarity(term) for term in terms.intersection(content_terms(one))))


def _joins(sentence: str, stated: Sequence[str]) -> bool:
    """A clause that continues the sentence by a pronoun is of a place that does not follow that of the words before:
    its pronoun means something else there."""
    parts = [part for part in _CONTINUED.split(sentence) if content_terms(part)]
    places = [stated.index(_nearest(part, stated)) for part in parts]
    return any(second not in (first, first + 1) for first, second in pairwise(places))


def _share_had(sentence: str, passage: Passage) -> float:
    """The share of the sentence's terms, by rarity, that its passage has, title and headings included; 0 where a rare
    word is not among them. Chinese pairs with a function word in them are no words."""
    had = set(content_terms([passage.title, *passage.heading, passage.text]))
    weights = {t: rarity(t) for t in content_terms(sentence) if stop_words("zh").isdisjoint(t)}
    own = {term: weight for term, weight in weights.items() if related(term).isdisjoint(had)}
    if any(weight >= HALF and not has_han(term) for term, weight in own.items()):
        return 0.0
    return 1.0 - sum(own.values()) / (sum(weights.values()) or 1.0)


def _drops_condition(sentence: str, evidence: str, is_before: bool = False) -> bool:
    """The evidence opens with a condition of which the sentence has little, and the sentence states none. is_before: it
    is the sentence before, so that a condition stated is another."""
    stated = _CONDITION.match(evidence.strip())
    if stated is None or (_CONDITIONAL.search(sentence) and not is_before):
        return False
    own, condition = set(content_terms(sentence)), set(content_terms(stated["condition"] or stated["condition_zh"]))
    return len(condition - own) > len(condition) / 2


def _drops_time(sentence: str, text: str) -> bool:
    """What the text says of the past the sentence says of the present, or without the year that limits it."""
    own = set(content_terms(sentence))
    for limit in _LIMIT.finditer(text):
        limited = set(content_terms(limit["limited"] or limit["limited_zh"] or ""))
        is_said = len(limited) >= FEWEST and len(limited & own) > HALF * len(limited)
        if is_said and (limit["year"] or limit["year_zh"]) not in sentence:
            return True
    now = [rf"\b{re.escape(name)} (?:is|are) {re.escape(what)}\b" for name, what in _WAS.findall(text)]
    return any(re.search(one, sentence) and not re.search(one, text) for one in now)


def _swaps_subject(sentence: str, evidence: str) -> bool:
    """The evidence has nothing that the sentence names, but a name that the sentence has not."""
    said, given = sentence.casefold(), evidence.casefold()
    named = _names(sentence)
    is_other = bool(named) and not any(name in given for name in named)
    return is_other and any(name not in said for name in _names(evidence))


def _names(text: str) -> list[str]:
    """Names in the order of the text; in Chinese, all Latin words."""
    latin = _LATIN.findall(text) if has_han(text) else [name.text for name in names_in(text, question=True)]
    return [name.casefold() for name in latin]


def sentences_of(text: str) -> list[str]:
    """The sentences of a model's text, each of which has to hold by itself; fragments and questions say nothing."""
    stop = "。" if has_han(text) else "."
    stated = [_without_frame(one).strip(_STOPS) for one in split_sentences(text) if not _NO_STATEMENT.search(one)]
    return [sentence for sentence in (f"{one}{stop}" for one in stated) if is_sentence(sentence)]


def says_nothing(text: str) -> bool:
    """The model says in a sentence that the passage says nothing to the question."""
    return bool(_SAYS_NOTHING.match(text.strip()))


def _without_frame(sentence: str) -> str:
    body = _FRAME.sub("", sentence)
    is_word = body != sentence and body.split(" ")[0].isalpha()  # os.close(), --force and the like stay as they are
    return body[:1].upper() + body[1:] if is_word else body
