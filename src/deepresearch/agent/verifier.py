"""Before a report is accepted each citation is checked, and what fails goes back to the policy."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from ..derived import spent
from ..errors import LibraryError, ModelError
from ..models.base import ChatModel
from ..threads import in_thread
from ..tools.fencing import fence, one_line
from ..trajectory import Answered, Citation, Event, Observation, Passage, RunFinished, Uncited, Verified

if TYPE_CHECKING:
    from ..judge.claim_check import ClaimVerdict
    from ..library.dense.embedder import Embedder
    from ..models.reply_cache import ReplyCache
    from ..models.structured import StructuredReply
    from ..report.verification import Open

REPORT_FILE = "report.md"
"""Where in the workspace the report is while it is revised; its name alone is a reply that means its text."""
SENT_BACK, SHRUNK = "unverified", "shrunk"
SHRINKS = 0.5
"""Share of the current report's length below which a reply does not replace it."""
MOST_ASKED = 40
"""Undecided citations of one report about which the model is asked."""
AT_ONCE = 4
"""Requests about them at the same time."""
MOST_TOLD = 30
"""Citations, and as many sentences without one, that one note names."""
HOLDS = frozenset({"supports", "seen"})
TOLD = (
    f"Your report is in {REPORT_FILE}. It was checked against the passages that it cites: {{wrong}} of {{of}} "
    "citations do not hold. Correct each sentence so that it says what its passage says, cite a passage that supports "
    "it, or take it out; what cannot be verified must be called so. Leave what holds as it is. Edit it with file patch "
    f"and then reply with {REPORT_FILE} and nothing else, or reply with the whole corrected report."
)


class Verifier:
    """Checks and compares reports: mechanically, and by meaning and with `model` what that leaves undecided."""

    def __init__(
        self,
        model: ChatModel | None = None,
        kept: "ReplyCache | None" = None,
        open_embedder: "Callable[[], Embedder] | None" = None,
    ) -> None:
        """kept: the cache of replies, so that none is paid for twice. open_embedder: opens the embedding model once
        there is a report to check; where that model fails, the verdict on the words remains."""
        self._model = model
        self._kept = kept
        self._open_embedder = open_embedder
        self._embedder: Embedder | None = None

    async def check(self, report: Answered, known: Mapping[str, Passage], ask: bool, question: str = "") -> Verified:
        """The verdicts on `report`, which answers `question`; `ask`: whether there is budget to ask the model.

        Where the model fails, the verdict of the mechanical check remains.
        """
        verified, questions = await in_thread(self._verify, report.text, known, question)
        verified = verified.model_copy(update={"answered": report.seq})
        if self._model is None or not ask or not questions:
            return verified
        from ..report.verification import ModelVerdict, settle  # noqa: PLC0415  loaded by now

        asked = await self._ask(self._model, questions)
        answers = [
            ModelVerdict(question.citation, got.value.level, got.value.reason, got.value.evidence, got.model)
            for question, got in zip(questions, asked, strict=True)
            if not isinstance(got, ModelError) and got.value
        ]
        paid = [got for got in asked if not isinstance(got, ModelError)]
        failed = dict.fromkeys(f"Not judged by {self._model.name}: {e}" for e in asked if isinstance(e, ModelError))
        usage, cost = spent(paid)
        update = {"usage": usage, "cost": cost, "notes": [*verified.notes, *failed]}
        return settle(verified, answers, known).model_copy(update=update)

    @property
    def compares(self) -> bool:
        """Whether there is a model to compare two reports."""
        return self._model is not None

    async def better(self, question: str, report: str, draft: str) -> Answered:
        """`draft` if it is deeper than `report` and no less complete, else `report`; and why. Needs a model."""
        assert self._model is not None
        judge = await in_thread(import_module, "deepresearch.judge.comparison")  # slow, and not needed for most runs
        try:
            found = await judge.compare(self._model, question, report, draft, self._kept)
        except ModelError as error:
            return Answered(text=report, chosen=f"The drafts could not be compared: {error}")
        taken = found.deeper_and_no_less_complete
        decision = "The new draft is deeper and no less complete" if taken else "The new draft is not better"
        why = found.problem or " ".join(found.reasons)
        chosen = f"{decision} ({found.by}): {one_line(why)}"
        return Answered(text=draft if taken else report, chosen=chosen, usage=found.usage, cost=found.cost)

    async def close(self) -> None:
        """Close the models."""
        if self._model:
            await self._model.close()
        if self._embedder:
            self._embedder.close()

    def _verify(self, text: str, known: Mapping[str, Passage], question: str) -> "tuple[Verified, Sequence[Open]]":
        """The verdicts without a model, and what they leave open."""
        from ..report.verification import undecided, verify  # noqa: PLC0415  slow, and due at the end

        try:
            verified = verify(text, known, question=question, embed=self._embed if self._open_embedder else None)
        except (LibraryError, OSError) as error:
            note = f"Not compared by meaning: {error}"
            verified = verify(text, known, question=question).model_copy(update={"notes": [note]})
        return verified, undecided(verified, known)[:MOST_ASKED]

    def _embed(self, texts: Sequence[str]) -> list[list[float]]:
        assert self._open_embedder is not None
        self._embedder = self._embedder or self._open_embedder()
        vectors: list[list[float]] = self._embedder.embed(texts, "passage").tolist()
        return vectors

    async def _ask(
        self, model: ChatModel, questions: "Sequence[Open]"
    ) -> "list[StructuredReply[ClaimVerdict] | ModelError]":
        from ..judge.claim_check import ask_claim  # noqa: PLC0415  not needed without a model

        turns = asyncio.Semaphore(AT_ONCE)

        async def ask(one: "Open") -> "StructuredReply[ClaimVerdict] | ModelError":
            async with turns:
                try:
                    return await ask_claim(model, one.claim, one.passage.title, one.passage.text, self._kept)
                except ModelError as error:  # reported in the notes; the mechanical verdict remains
                    return error

        return await asyncio.gather(*map(ask, questions))


def current_report(events: Sequence[Event]) -> Answered | None:
    """The run's current report, valid unless a better one comes; None before the first, and once the run has ended."""
    for event in reversed(events):
        if isinstance(event, RunFinished):
            return None
        if isinstance(event, Answered):
            return event
    return None


def shrunk(text: str, events: Sequence[Event]) -> Observation | Answered | None:
    """The event for a reply that is far shorter than the report it is to replace: it is sent back once, and the
    second time the report remains. None: it may replace it."""
    report = current_report(events)
    if report is None or len(text) >= SHRINKS * len(report.text):
        return None
    if any(isinstance(e, Observation) and e.reason == SHRUNK for e in _since(report, events)):
        return Answered(text=report.text, partial=report.partial)
    return Observation(
        call=None,
        status="error",
        reason=SHRUNK,
        shown="Your reply would replace the report, but is less than half as long. Send the whole corrected report, "
        f"or correct {REPORT_FILE} with file patch and reply with {REPORT_FILE} and nothing else.",
    )


def revision_note(verified: Verified, events: Sequence[Event], most: int) -> Observation | None:
    """The note that sends the report of which `verified` is the check back to the policy with what is wrong in it.

    None where nothing is wrong, and where it has been sent back `most` times already, or the last time without effect.
    """
    wrong = [c for c in verified.citations if c.level not in HOLDS]
    problems = sorted([f"{c.passage} {c.claim}" for c in wrong] + [u.claim for u in verified.uncited])
    earlier = _notes(events)
    if not problems or len(earlier) >= most or (earlier and (earlier[-1].data or {}).get("problems") == problems):
        return None
    lines = [TOLD.format(wrong=len(wrong), of=len(verified.citations)), *map(_about, wrong[:MOST_TOLD])]
    if verified.uncited:
        lines.append("These sentences state something and cite nothing:")
        lines += map(_about_uncited, verified.uncited[:MOST_TOLD])
    return Observation(call=None, reason=SENT_BACK, shown="\n".join(lines), data={"problems": problems})


def _about(verdict: Citation) -> str:
    line = f"- {one_line(verdict.claim)} [{one_line(verdict.passage)}]: {verdict.level}. {one_line(verdict.reason)}"
    return f"{line}\n{fence(one_line(verdict.evidence))}" if verdict.evidence else line


def _about_uncited(sentence: Uncited) -> str:
    hint = f" (a passage that may support it: {sentence.suggestion})" if sentence.suggestion else ""
    return f"- {one_line(sentence.claim)}{hint}"


def _notes(events: Sequence[Event]) -> list[Observation]:
    """The notes that have sent the report in hand back."""
    notes: list[Observation] = []
    for event in events:
        if isinstance(event, RunFinished):
            notes = []
        elif isinstance(event, Observation) and event.reason == SENT_BACK:
            notes.append(event)
    return notes


def _since(report: Answered, events: Sequence[Event]) -> list[Event]:
    return [event for event in events if event.seq > report.seq]
