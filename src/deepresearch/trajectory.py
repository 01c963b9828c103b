"""The nouns of the project, all in one file: one record of a run that everything else is derived from.

A run is a gapless sequence of events, `seq` 1, 2, 3, ... An event is durable before its effect is used.
Unknown fields are kept, and an event of an unknown type is passed on unchanged, so that an older version
loses nothing of a newer version's record.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

SCHEMA = 1
"""Version of the record; raised when the meaning of a field changes."""

WHOLE = frozenset({"stop", "tool_calls"})
"""Why the generation of a whole reply ends; any other word means that it was cut off."""

Status = Literal["ok", "empty", "error", "timeout", "denied"]
RunState = Literal["running", "paused", "finished", "failed", "cancelled"]


def _is_false(value: Any) -> bool:
    """For fields that are written only where they are not empty."""
    return not value


class Record(BaseModel):
    model_config = ConfigDict(extra="allow", ser_json_inf_nan="strings")


class Task(Record):
    """What is asked for."""

    question: str
    attachments: list[str] = []
    """Paths of the user's own documents, absolute."""
    libraries: list[str] = []
    """Names of libraries to search."""
    language: str = "en"
    """ISO 639-1 code of the question; the report follows it."""
    date: str = ""
    """The day that "now" means in the question, YYYY-MM-DD."""


class Passage(Record):
    """A paragraph of a document: the smallest thing that can be cited."""

    id: str
    """Content hash: stable between runs, indexes and machines."""
    document: str
    """Path or corpus id of its document."""
    title: str
    text: str
    url: str | None = None
    heading: list[str] = []
    """Headings above it, outermost first."""
    position: int = 0
    """Which paragraph of the document, from 0."""
    page: int | None = None
    """Page of a paged document, from 1."""
    date: str | None = None
    """Date of the document, YYYY, YYYY-MM or YYYY-MM-DD."""
    language: str | None = None
    excerpt: bool = False
    """What a search engine shows of a page, and not the page's own paragraph: open the page to read that."""


class Usage(Record):
    """Tokens of one turn. `cached` is the part of `input` that the server had already."""

    input: int = 0
    cached: int = 0
    output: int = 0
    estimated: bool = Field(default=False, exclude_if=_is_false)
    """The server did not count; these are estimates from the length of the text."""
    cut: bool = Field(default=False, exclude_if=_is_false)
    """The server seems to have left out a part of the prompt, so `input` does not measure what was sent."""


class Call(Record):
    """One tool call as the policy made it."""

    id: str
    """Unique within the run, given by the loop: c<number of the turn>-<number>."""
    tool: str
    arguments: dict[str, Any] | None = None
    """None where the call could not be read; then `problem` tells the policy why."""
    raw: str = ""
    """The arguments exactly as they came, where they differ from `arguments`."""
    problem: str | None = None
    wire: dict[str, Any] = Field(default={}, exclude_if=_is_false)
    """The call as the endpoint sent it, without name and arguments: its own id and fields that only the endpoint knows.
    They go back to it as they came."""


class AnsweredPart(Record):
    """One part of the question, and whether the report answers it: known where no model wrote the report."""

    question: str
    answered: bool
    quoted: bool = Field(default=False, exclude_if=_is_false)
    """Quotations that bear on it were found: it is answered where they show the kind of answer that it asks for."""
    kind: str = Field(default="", exclude_if=_is_false)
    """That kind, in words."""


class Sample(Record):
    """Tokens exactly as sampled (rollouts): what is trained on is never tokenised again."""

    prompt_ids: list[int]
    completion_ids: list[int]
    logprobs: list[float]


class Citation(Record):
    """One verdict on one citation of the report."""

    passage: str
    level: Literal["seen", "supports", "partly", "contradicts", "unrelated", "unreachable"] = "seen"
    reason: str = ""
    """In words for people: what was compared and how it came out."""
    mark: int | None = None
    """Which citation mark of the report it belongs to, from 0; None: the verdict is on the passage everywhere."""
    claim: str = ""
    """The claim that was checked, without its marks."""
    evidence: str = ""
    """The sentence of the passage that the verdict rests on, letter by letter."""
    faults: list[str] = []
    """What the mechanical check found: quote, number, date, name, negation, hedge, scope, direction, word."""
    by: str = ""
    """Who judged: mechanical, semantic, or the name of a model."""
    score: float | None = None
    """How much of the claim is in the passage, 0 to 1."""
    copy_of: str | None = None
    """Another passage cited for the same claim that has the same text: the two are one source."""


class Uncited(Record):
    """A sentence of the report that states something and cites nothing."""

    claim: str
    suggestion: str | None = None
    """A registered passage that may support it; never cited on its own account."""
    reason: str = ""


class EventBase(Record):
    """What every event carries; `run`, `seq` and `time` are filled in by the journal."""

    run: str = ""
    seq: int = 0
    time: float = 0.0
    """Seconds since the epoch."""
    v: int = SCHEMA


class RunStarted(EventBase):
    type: Literal["run.started"] = "run.started"
    task: Task
    settings: dict[str, Any] = {}
    """Every knob in force, without secrets."""
    versions: dict[str, str] = {}
    policy: str = ""
    system: str = ""
    """The system prompt as sent: a resumed run must not change it."""
    tools: list[dict[str, Any]] = []
    """Tool specifications in the chat dialect's form, for exports."""
    notes: list[str] = []
    """What had to be repaired or done without before the run could begin, in words."""


class Reply(Record):
    """One reply of a model."""

    reasoning: str = ""
    text: str = ""
    calls: list[Call] = []
    finish: str = "stop"
    """Why generation ended: stop or tool_calls for a whole reply, else length, content_filter or the server's word."""
    notes: list[str] = Field(default=[], exclude_if=_is_false)
    """What the client noticed or did to get the reply, for people."""
    wire: dict[str, Any] = Field(default={}, exclude_if=_is_false)
    """Fields of the reply that only the endpoint knows; sent back with the reasoning, where that is sent back."""
    usage: Usage = Usage()
    cost: float | None = None
    """US dollars; None where the price is unknown."""
    seconds: float = 0.0
    model: str = ""


class Turn(Reply, EventBase):
    """The policy's decision: a model's reply, or what a policy without one writes in its place."""

    type: Literal["turn"] = "turn"
    parts: list[AnsweredPart] = []
    """Of a report, where its policy knows which parts of the question it answers; empty: not known."""
    sample: Sample | None = None


class Observation(EventBase):
    """The result of one tool call, or, with `call` None, the loop's own note about a turn."""

    type: Literal["observation"] = "observation"
    call: str | None = None
    tool: str = ""
    status: Status = "ok"
    shown: str = ""
    """Exactly what the policy is shown."""
    full: str | None = None
    """Blob (content hash) with the whole result where `shown` is shorter."""
    file: str | None = None
    """Workspace path at which the policy can page through the whole result."""
    passage_ids: list[str] = []
    """Every passage shown, in order."""
    passages: list[Passage] = []
    """Those of them whose text is shown here in full: this registers them."""
    unread: list[Passage] = []
    """Those that only `file` shows: reading them there registers them."""
    data: dict[str, Any] | None = None
    """The result in the tool's own structure (hits, todo items), for the page, policies and restarts."""
    reason: str = ""
    """The error's `reason` where status is not ok; for the loop's own words, what they are about."""
    seconds: float = 0.0
    usage: Usage = Usage()
    """Of models that were asked on the way."""
    cost: float | None = 0.0
    """US dollars for that; None where the price is unknown."""


class ViewCompacted(EventBase):
    """Decided once and persisted, so that the prefix of the view stays the same from then on."""

    type: Literal["view.compacted"] = "view.compacted"
    short: list[int] = []
    """Observations (by seq) shown in short form from now on."""
    withdrawn: list[int] = []
    """Observations that are not shown any more, since the endpoint refuses what is in them."""
    dropped: list[int] = []
    """Turns (by seq) that leave the view together with their observations."""
    tokens_before: int = 0
    tokens_after: int = 0


class UserSteered(EventBase):
    type: Literal["user.steered"] = "user.steered"
    text: str = ""
    finish_early: bool = False
    """Withdraw the tools and write the report now, from what there is."""

    @model_validator(mode="before")
    @classmethod
    def _read_old_name(cls, given: Any) -> Any:
        """Earlier versions recorded `finish_early` as `land`."""
        if isinstance(given, dict) and "land" in given:
            given = {**given, "finish_early": given["land"]}
            del given["land"]
        return given


class PlanProposed(EventBase):
    type: Literal["plan.proposed"] = "plan.proposed"
    text: str


class PlanApproved(EventBase):
    type: Literal["plan.approved"] = "plan.approved"
    text: str = ""
    """Changes that the person asks for; empty: as proposed."""


class PolicyChanged(EventBase):
    """From here on another policy decides."""

    type: Literal["policy.changed"] = "policy.changed"
    policy: str
    reason: str = ""
    """Why the one before could not work."""


class RunPaused(EventBase):
    type: Literal["run.paused"] = "run.paused"
    reason: str = ""


class RunResumed(EventBase):
    type: Literal["run.resumed"] = "run.resumed"
    versions: dict[str, str] = {}
    settings: dict[str, Any] = {}
    """Settings that differ from those the run has had so far (a larger budget, another endpoint)."""
    notes: list[str] = []
    """As in run.started."""


class RunCancelled(EventBase):
    type: Literal["run.cancelled"] = "run.cancelled"
    reason: str = ""


class BudgetWarned(EventBase):
    type: Literal["budget.warned"] = "budget.warned"
    limit: str
    used: float
    of: float


class BudgetReached(EventBase):
    type: Literal["budget.reached"] = "budget.reached"
    limit: str
    used: float
    of: float


class Answered(EventBase):
    """The report: Markdown with \\cite{passage id} inside the sentences."""

    type: Literal["answered"] = "answered"
    text: str
    partial: bool = False
    """Written under a limit, on request or after a failure, before the policy considered the work done."""
    by: str = ""
    """`model` of the turn that wrote the text: a model's name, or `extractive` or `scripted`. Empty in old records."""
    parts: list[AnsweredPart] = []
    """As in that turn."""
    reason: str = ""
    """Why the report is partial or not by the run's own policy, in words; empty: see the events."""
    chosen: str = ""
    """Why this text was preferred to another draft, where there were two."""
    usage: Usage = Usage()
    """Of the model that compared them."""
    cost: float | None = 0.0
    """US dollars; None where the price is unknown."""


class Verified(EventBase):
    """One check of the newest report: a verdict on each citation, and what cites nothing."""

    type: Literal["verified"] = "verified"
    citations: list[Citation] = []
    uncited: list[Uncited] = []
    answered: int = 0
    """The report that was checked, by the seq of its event."""
    notes: list[str] = []
    """What the check had to do without, for people."""
    usage: Usage = Usage()
    """Of the model that judged what the mechanical check left undecided."""
    cost: float | None = 0.0
    """US dollars; None where the price is unknown."""


class Judged(EventBase):
    """One judgement of a report by criteria, made after the run."""

    type: Literal["judged"] = "judged"
    card: str
    """The quality card, Markdown."""
    score: float | None = None
    """Weighted share of the criteria met (strict); None: no score."""
    judgement: dict[str, Any] = {}
    """Criteria, verdicts with their evidence, what it cost."""
    answered: int = 0
    """The report that was judged, by the seq of its event."""


class RunFinished(EventBase):
    type: Literal["run.finished"] = "run.finished"
    reason: str = "answered"
    """answered; partial: a limit, or a person asked for the report; cancelled."""


class RunFailed(EventBase):
    type: Literal["run.failed"] = "run.failed"
    reason: str
    """The `reason` of the error (errors.py)."""
    message: str = ""
    fault: str = "ours"
    details: str = ""
    """Where it happened, for an internal error."""


class UnknownEvent(EventBase):
    """An event of a type that this version does not know; kept whole."""

    type: str


KnownEvent = Annotated[
    RunStarted
    | Turn
    | Observation
    | ViewCompacted
    | UserSteered
    | PlanProposed
    | PlanApproved
    | PolicyChanged
    | RunPaused
    | RunResumed
    | RunCancelled
    | BudgetWarned
    | BudgetReached
    | Answered
    | Verified
    | Judged
    | RunFinished
    | RunFailed,
    Field(discriminator="type"),
]
Event = KnownEvent | UnknownEvent

_known: TypeAdapter[KnownEvent] = TypeAdapter(KnownEvent)
EVENT_TYPES = frozenset(
    cls.model_fields["type"].default for cls in EventBase.__subclasses__() if cls is not UnknownEvent
)


def parse_event(record: dict[str, Any]) -> Event:
    """The event that `record` (one parsed journal line) records.

    Raises pydantic.ValidationError for a known type whose fields are wrong.
    """
    if record.get("type") in EVENT_TYPES:
        return _known.validate_python(record)
    return UnknownEvent.model_validate(record)
