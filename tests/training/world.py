"""A world small enough for models of a few thousand parameters: six passages, a tokenizer, a model."""

from typing import Any

from deepresearch.training.checkpoints import new_model
from deepresearch.training.compact import MARKS
from deepresearch.training.dialects import CompactDialect
from deepresearch.training.records import ResearchTask
from deepresearch.training.tokenizer import train_tokenizer
from deepresearch.trajectory import Event, Observation, Passage, RunStarted, Task, Turn
from deepresearch.web.search import Hit, Query, SearchResult

FACTS = {
    "Avon": "The capital of Avon is Brill.",
    "Brill": "The mayor of Brill is Cato.",
    "Cato": "Cato was born in Dole.",
    "Dole": "The river of Dole is Esk.",
    "Esk": "Esk flows through Fells.",
    "Fells": "Fells is a town near Dole.",
}
PASSAGES = {
    title: Passage(id=f"p{title.lower()}aaaaaaa"[:12], document=f"{title}.md", title=title, text=text)
    for title, text in FACTS.items()
}
TASK = ResearchTask(
    id="t1",
    question="Who is the mayor of the capital of Avon?",
    answer="Cato",
    distractors=["Fells"],
    evidence=[
        {"passage": PASSAGES["Avon"].id, "fact": FACTS["Avon"], "title": "Avon", "step": 0},
        {"passage": PASSAGES["Brill"].id, "fact": FACTS["Brill"], "title": "Brill", "step": 1},
    ],
)
REPORT = f"The answer is **Cato** \\cite{{{PASSAGES['Brill'].id}}}."
WHOLE_REPORT = (
    f"{REPORT}\n\n- The capital of Avon is Brill \\cite{{{PASSAGES['Avon'].id}}}.\n"
    f"- The mayor of Brill is Cato \\cite{{{PASSAGES['Brill'].id}}}."
)


class Facts:
    """A library of the facts: a query finds the passages with its words, best first."""

    name = "facts"

    async def search(self, query: Query) -> SearchResult:
        words = set(query.text.lower().strip("?").split())
        shared = {t: len(words & set(p.text.lower().strip(".").split())) for t, p in PASSAGES.items()}
        hits = [Hit(PASSAGES[title], float(n)) for title, n in shared.items() if n]
        return SearchResult(sorted(hits, key=lambda hit: -hit.score)[: query.k], self.name)

    async def open(self, reference: str) -> list[Passage]:
        return [p for p in PASSAGES.values() if reference in (p.document, p.id)]

    def close(self) -> None:
        pass


def tiny_tokenizer() -> Any:
    return train_tokenizer([*FACTS.values(), TASK.question, REPORT] * 3, 300, MARKS)


def tiny_dialect(**options: Any) -> CompactDialect:
    return CompactDialect(tiny_tokenizer(), **options)


def tiny_model(seed: int = 0, context: int = 512) -> Any:
    return new_model(vocab=300, width=32, layers=2, heads=2, context=context, seed=seed)


def run_of(*events: Event, question: str = TASK.question) -> list[Event]:
    """A record: numbered events after run.started."""
    opened = [RunStarted(task=Task(question=question), tools=[]), *events]
    return [event.model_copy(update={"seq": n, "run": "r"}) for n, event in enumerate(opened, 1)]


def shown(call: str, *titles: str, **more: Any) -> Observation:
    """The result of a search that brought passages."""
    return Observation(call=call, tool="batch_web_surfer", passages=[PASSAGES[title] for title in titles], **more)


def turns_of(events: list[Event]) -> list[Turn]:
    return [event for event in events if isinstance(event, Turn)]
