"""Planning: a finished report gives the task that would have led to it, and its structure the plan.

Results are left out of the task. A run is kept if it follows the plan: its steps are assigned to the plan's items, one
to one, so that the likeness of words and tools is greatest, and the mean over the items reaches a threshold.
"""

import re
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from ..policy import View
from ..settings import Settings
from ..text.sentences import split_sentences
from ..text.wordlists import request_words
from ..trajectory import Observation, Turn
from ..web.search import SearchProvider
from .data_files import Card
from .generation import ModelStep, Progress, Rejected, change_records, task_of, words_of
from .oracle import SURFER, ProgramTeacher, numbered
from .records import DataCard, Provenance, SyntheticTask
from .rollouts import RolloutOptions, open_pool
from .samples import Sample, calls_of, content_words
from .source_reports import FEWEST, FRAME, checked_source, read_reports

MOST_STEPS = 10
MOST_PARTS = 3
MOST_PURPOSE = 2
"""Sentences of the opening in a task."""
SHORTEST_QUERY, LONGEST_QUERY = 15, 400
"""Characters of a question."""
PLAN_SHARE = 0.5
"""Share of the items of a plan, each with this share of its words, with which a question gives the plan away."""
THRESHOLD = 0.7
WORD_SHARE = 0.85
"""Of words in the likeness of a step and an item; the rest is whether the tool fits."""
_PURPOSE = re.compile(words_of("patterns", "en")["purpose"], re.IGNORECASE)
_RESULT = re.compile(words_of("patterns", "en")["result"], re.IGNORECASE)
_POINTS = re.compile(r"[:：]$|\b(?:following|below|above|these phenomena)\b|如下|以下|上述", re.IGNORECASE)
"""Points to what is not in the task."""
_FIGURE = re.compile(r"\d+(?:[.,]\d+)?\s*(?:[%％万亿]|million|billion|trillion)|[<>≈~]\s*\d|\d[.,]\d")
"""In a heading: it states a result."""
_TOOL_WORDS = {
    "python": re.compile(r"\b(?:calculat|comput|simulat|plot)\w*|计算|模拟|绘图", re.IGNORECASE),
    "todo": re.compile(r"\b(?:keep track|to-do)\b|待办", re.IGNORECASE),
}


def plan_task(report: Sample) -> SyntheticTask:
    """The task that would have led to a report, with its plan hidden. Raises Rejected."""
    sections = [section for section in report["sections"] if not _FIGURE.search(section["heading"])][:MOST_STEPS]
    if len(sections) < FEWEST:
        raise Rejected("no title, or fewer than three sections")
    language = "zh" if report["language"].startswith("zh") else "en"
    if language == "en" and not report["language"].startswith("en"):
        raise Rejected("neither English nor Chinese")
    if _FIGURE.search(report["title"]):
        raise Rejected("the title states a result")
    words = words_of("planning", language)
    purpose = [s for text in report["opening"] for s in split_sentences(text) if is_purpose(s)][:MOST_PURPOSE]
    plan = []
    for section in sections:
        parts = [part for part in section["parts"] if not _FIGURE.search(part) and not FRAME.fullmatch(part)]
        listed = words["among"].format(words["comma"].join(parts[:MOST_PARTS])) if parts else ""
        plan.append(words["step"].format(section["heading"]) + listed)
    question = (" " if language == "en" else "").join([words["ask"].format(report["title"]), *purpose])
    return SyntheticTask(
        id=f"planning-{language}-{blake2b(question.encode(), digest_size=6).hexdigest()}",
        question=question,
        language=language,
        plan=plan,
        hops=len(plan),
        level="medium",
        provenance=Provenance(
            route="planning",
            pages=[report["id"]],
            notes={"title": report["title"], "queries": [section["heading"] for section in sections]},
        ),
    )


def is_purpose(sentence: str) -> bool:
    """Whether a sentence says what a report is for, and no result."""
    tells = _PURPOSE.search(sentence) and not _RESULT.search(sentence) and not _POINTS.search(sentence)
    return bool(tells) and len(sentence) <= 400


class PlanFollower(ProgramTeacher):
    """The teacher without a model: searches for each item of the hidden plan, and quotes the best sentences found."""

    name = "follower"

    @property
    def _queries(self) -> list[str]:
        return list(self._task.provenance.notes.get("queries") or self._task.plan)

    async def decide(self, view: View) -> Turn:
        """The plan; a search for each item; the report."""
        if view.phase == "plan":
            return self._write(numbered(self._task.plan))
        done = sum(isinstance(event, Turn) and bool(event.calls) for event in view.events)
        if view.phase == "work" and SURFER in view.tools and done < len(self._queries):
            query = f"{self._queries[done]} {self._task.provenance.notes.get('title', '')}".strip()[:300]
            return self._call(self._task.plan[done] if done < len(self._task.plan) else "", k=6, queries=[query])
        return self._write(self._report(view))

    def _report(self, view: View) -> str:
        results = [e for e in view.events if isinstance(e, Observation) and e.call]
        known = {passage.id: passage for result in results for passage in result.passages}
        zh = self._task.language == "zh"
        lines = [f"# {self._task.provenance.notes.get('title') or self._task.question}"]
        used: set[str] = set()
        for query, result in zip(self._queries, results, strict=False):
            wanted = content_words(query)
            found = []
            for passage in (known[id_] for id_ in result.passage_ids if id_ in known):
                for sentence in split_sentences(passage.text):
                    shared = len(wanted & content_words(sentence))
                    if shared and 20 <= len(sentence) <= 400 and sentence not in used and sentence[-1] in ".!?。！？":
                        found.append((shared, sentence, passage.id))
            lines.append(f"\n## {query}\n")
            for _, sentence, id_ in sorted(found, key=lambda row: -row[0])[:3]:
                used.add(sentence)
                lines.append(f"{sentence[:-1]}{'' if zh else ' '}\\cite{{{id_}}}{sentence[-1]}")
            if not found:
                lines.append("没有找到资料。" if zh else "No source was found on this.")
        return "\n".join(lines)


def alignment(plan: Sequence[str], record: Sample) -> float:
    """How far a run follows a plan, 0 to 1: the mean likeness of each item to the step that is assigned to it."""
    turns = [event for event in record["events"] if event["type"] == "turn" and event.get("calls")]
    steps = [(turn.get("text") or "", call) for turn in turns for call in calls_of({"events": [turn]})]
    likeness = [[_likeness(item, text, call) for item in plan] for text, call in steps]
    best = {0: 0.0}  # by the items that have a step already, as bits
    for row in likeness:
        for taken, total in list(best.items()):
            for item, like in enumerate(row):
                if like and not taken >> item & 1:
                    key = taken | 1 << item
                    best[key] = max(best.get(key, 0.0), total + like)
    return max(best.values()) / len(plan) if plan else 0.0


def _likeness(item: str, text: str, call: Sample) -> float:
    arguments = call.get("arguments") or {}
    asked = [q if isinstance(q, str) else q.get("text", "") for q in arguments.get("queries", [])]
    wanted, done = (
        content_words(item),
        content_words(" ".join([text, *asked, *map(str, arguments.get("references", []))])),
    )
    shared = len(wanted & done) / max(1, min(2, len(wanted)), min(len(wanted), len(done)))
    tool = next((name for name, words in _TOOL_WORDS.items() if words.search(item)), SURFER)
    return WORD_SHARE * min(1.0, shared) + (1 - WORD_SHARE) * (call.get("tool") == tool) if shared else 0.0


async def worded(task: SyntheticTask, model: ModelStep, card: Card) -> SyntheticTask:
    """The task with a question in a model's words, which is not shown the plan. Raises Rejected, ModelError."""
    fields = {"query": {"type": "string", "minLength": SHORTEST_QUERY, "maxLength": LONGEST_QUERY}}
    texts = {"task": task.question}
    query = await model.ask("planning", task.language, texts, fields, lambda found: str(found["query"]).strip(), card)
    if why := query_fault(query, task):
        raise Rejected(f"planning: {why}")
    notes = {**task.provenance.notes, "model": model.name, "plain": task.question}
    return task.model_copy(
        update={"question": query, "provenance": task.provenance.model_copy(update={"notes": notes})}
    )


def query_fault(query: str, task: SyntheticTask) -> str:
    """Why a model's wording of a task is not kept; empty: it is."""
    told = set(re.findall(r"\d+", query)) - set(re.findall(r"\d+", task.question))
    if told or _FIGURE.search(query):
        return "the question states a figure"
    subject, asked = content_words(str(task.provenance.notes["title"])), content_words(query)
    if not subject & asked:
        return "the question is about something else"
    items = [content_words(str(heading)) - subject for heading in task.provenance.notes["queries"]]
    items = [item for item in items if item]
    if sum(len(item & asked) >= PLAN_SHARE * len(item) for item in items) > max(1, PLAN_SHARE * len(items)):
        return "the question gives the plan away"
    filler = set(words_of("planning", task.language)["filler"].split()) | request_words(task.language)
    own = {word for word in asked - subject - content_words(task.question) - filler if len(word) > 1}
    return "" if len(own) >= FEWEST else "the question asks nothing in particular"


async def make_plan_tasks(
    source: Path, data: Path, out: Path, progress: Progress, model: ModelStep | None = None
) -> DataCard:
    """Write a task for each report of a file, folder or library; with a model in its words.

    Raises UserError where none could be used, ModelError.
    """

    async def change(report: Sample, card: Card) -> Sample:
        task = plan_task(report)
        return (await worded(task, model, card) if model else task).model_dump(mode="json")

    chosen = {"model": model.name} if model else {}
    place = checked_source(source, data)
    return await change_records(
        place, out, "planning", chosen, change, progress, records=lambda card: read_reports(source, data, card)
    )


async def follow_plans(
    tasks: Path,
    out: Path,
    sources: Sequence[SearchProvider],
    settings: Settings,
    options: RolloutOptions,
    threshold: float,
    progress: Progress,
) -> DataCard:
    """Let a teacher work on each task, and keep the runs that follow its hidden plan; the card has the distribution.

    Raises UserError where none does, ModelError.
    """
    with open_pool(sources, settings, options) as pool:

        async def change(record: Sample, card: Card) -> Sample:
            task = task_of(record)
            made = (await pool.run(task, 0)).model_dump(mode="json")
            score = alignment(task.plan, made)
            low = min(9, int(score * 10))
            card.counts.setdefault("alignment", Counter())[f"{low / 10:.1f}-{(low + 1) / 10:.1f}"] += 1
            if made["state"] != "finished":
                raise Rejected(f"the run is {made['state']}")
            if score < threshold:
                raise Rejected(f"alignment below {threshold:g}")
            return {**made, "alignment": round(score, 4)}

        chosen = {"policy": options.policy, "model": settings.model.name, "library": options.library}
        return await change_records(
            tasks, out, "planning", {**chosen, "threshold": threshold}, change, progress, options.at_once
        )
