"""The policy: the extractive policy's research, and a small model that reads and writes, one small question at a time.

Like every policy it remembers nothing between turns. What was found is read back from the calls that recorded it, and
each reply of the model is cached before it is used, so that a run that was killed asks nothing twice.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..errors import ContextOverflow
from ..extractive import ExtractivePolicy
from ..extractive.answers import Answer
from ..extractive.policy import LONGEST_QUERY
from ..extractive.quoting import quotes_of
from ..extractive.research import SURFER, Research, read_events
from ..models import ChatModel
from ..models.reply_cache import ReplyCache
from ..models.structured import StructuredClient
from ..policy import View
from ..threads import in_thread
from ..trajectory import Call, Passage, Turn
from .asks import Asker
from .declining import ASKED, FOLLOWED, answers_with
from .evidence import Window, windows_of
from .findings import TOOL, PassageFinding, check, nearest_to, recorded, recording, sentences_of
from .writing import compose

NAME = "guided"
READING = "Reading passages."
BATCH = 4
"""Passages read in one turn."""
TOO_SMALL = (
    "The model's context{limit} is too small to read a passage in, so its sentences are missing: the report quotes. "
    "Give its server a context of 4096 tokens."
)
PER_QUERY = 4
"""Passages that each query of the model may bring."""
FINDINGS_FOLLOWED = 3
"""Findings that are searched by."""
LONGEST_REPLY = 500
"""Tokens."""


class GuidedPolicy:
    """Written answers from small models: see docs/guided.md."""

    name = NAME
    revises = False
    """Each of its sentences was checked when it was written."""

    def __init__(self, model: ChatModel, cache: ReplyCache) -> None:
        """model: best at temperature 0. cache: where its replies are durable before they are used."""
        self._model = model
        self._cache = cache
        self._without_model = ExtractivePolicy()

    async def close(self) -> None:
        """Close the model's connections."""
        await self._model.close()

    async def decide(self, view: View) -> Turn:
        """The plan, the next searches, the next passages read, or the report. Raises ModelError."""
        begun = time.monotonic()
        plain = await self._without_model.decide(view)
        if view.phase == "plan" or any(call.tool == SURFER for call in plain.calls):
            return plain.model_copy(update={"model": self._model.name})
        research = await in_thread(read_events, view.events)
        asker = Asker(StructuredClient(self._model, self._cache), research.question.language)
        notes = []
        try:
            turn = await self._work(view, research, asker)
            turn = turn or (None if plain.calls else await self._report(view, research, asker))
        except ContextOverflow as refusal:
            limit = f" of {refusal.limit} tokens" if refusal.limit else ""
            turn, notes = None, [TOO_SMALL.format(limit=limit)]
        if asker.spent.refusal and not notes:
            raise asker.spent.refusal
        turn = turn or plain
        by = self._model.name if turn.calls else turn.model
        spent = asker.spent
        update = {"model": by, "usage": spent.usage, "cost": spent.cost, "notes": [*notes, *spent.notes]}
        return turn.model_copy(update={**update, "seconds": time.monotonic() - begun})

    async def _work(self, view: View, research: Research, asker: Asker) -> Turn | None:
        """The next step that still needs a tool; None where the report is due."""
        if view.phase != "work" or SURFER not in view.tools:
            return None
        if ASKED not in research.steps and (turn := await self._search(research, asker)):
            return turn
        answers = await in_thread(answers_with, research, view.events)
        unread = _unread(research, answers, view) if TOOL in view.tools else []
        if not unread:
            return self._follow(research, view)
        findings = await self._read(unread[:BATCH], answers, research.passages, asker)
        found = sum(bool(finding.says) for finding in findings)
        text = f"{READING} {len(findings)} read, {found} with a finding."
        return self._turn(text, [recording(findings)])

    async def _search(self, research: Research, asker: Asker) -> Turn | None:
        """A search in wordings of the model's own, and by what it guesses that the answer says."""
        queries = await asker.queries(research.question.text)
        queries += filter(None, [await asker.guess(research.question.text)])
        new = [text for text in queries if not research.was_asked(text)]
        return self._turn(ASKED, [_searching(new or [research.question.text[:LONGEST_QUERY]])])

    def _follow(self, research: Research, view: View) -> Turn | None:
        """Once: a search by the first findings: what answers has their words more often than those of the question."""
        found = [finding.text[:LONGEST_QUERY] for finding in recorded(view.events).values() if finding.text]
        if FOLLOWED in research.steps or not found:
            return None
        return self._turn(FOLLOWED, [_searching(found[:FINDINGS_FOLLOWED])])

    async def _read(
        self, windows: Sequence[Window], answers: Sequence[Answer], known: Mapping[str, Passage], asker: Asker
    ) -> list[PassageFinding]:
        """What the model finds in each of the windows, as far as it holds."""
        return [await self._read_one(window, answers[window.part].part.text, known, asker) for window in windows]

    async def _read_one(
        self, window: Window, question: str, known: Mapping[str, Passage], asker: Asker
    ) -> PassageFinding:
        """The finding: the sentences that hold, or of a passage that bears on the question, what is quoted in their
        place; of any other nothing is kept."""
        finding = PassageFinding(question, window.passage.id)
        written = await asker.finding(question, window.text)
        sentences = sentences_of(written or "")
        texts = sentences or ([written] if written else [])  # a bare value is no sentence, but shows what to quote
        verdicts = await in_thread(check, [(text, window.passage.id) for text in texts], known, question)
        holding = [(s, v.evidence) for s, v in zip(sentences, verdicts, strict=False) if v.level == "supports"]
        if holding:
            quoted = dict.fromkeys(" ".join(evidence.split()) for _, evidence in holding)
            text, quotation = " ".join(s for s, _ in holding), "\n".join(filter(None, quoted))
            return replace(finding, text=text, quotation=quotation)
        # a sentence that has nothing to do with its passage was written from what the model remembers
        is_related = any(verdict.level != "unrelated" for verdict in verdicts) or (written != "" and not sentences)
        if not (window.is_chosen and is_related):
            return finding
        whole = "\n".join(quote.text for quote in quotes_of(window.candidate))
        meant = nearest_to(texts, verdicts, known)
        return replace(finding, quotation=meant[0] if meant and meant[0] not in whole else whole)

    async def _report(self, view: View, research: Research, asker: Asker) -> Turn | None:
        """The report from what was recorded; None where the report is due early and nothing was recorded."""
        answers = await in_thread(answers_with, research, view.events)
        done = recorded(view.events)
        if view.phase == "answer" and not any(finding.says for finding in done.values()):
            return None
        if TOOL not in view.tools:  # what cannot be recorded is read within this turn
            unread = _unread(research, answers, view) if view.phase == "work" else []
            done |= {(f.part, f.passage): f for f in await self._read(unread, answers, research.passages, asker)}
        order = {window.passage.id: place for place, window in enumerate(windows_of(research, answers))}
        findings = sorted(done.values(), key=lambda f: order.get(f.passage, len(order)))
        text, parts = await compose(asker, research, answers, findings)
        return Turn(text=text, model=self._model.name, parts=parts)

    def _turn(self, text: str, calls: list[Call]) -> Turn:
        return Turn(text=text, calls=calls, finish="tool_calls", model=self._model.name)


def _searching(texts: Sequence[str]) -> Call:
    queries = [{"text": text, "k": PER_QUERY} for text in texts]
    arguments = {"action": "batch_search", "queries": queries, "k": PER_QUERY * len(queries)}
    return Call(id="", tool=SURFER, arguments=arguments)


def _unread(research: Research, answers: Sequence[Answer], view: View) -> list[Window]:
    done = recorded(view.events)
    return [w for w in windows_of(research, answers) if (answers[w.part].part.text, w.passage.id) not in done]
