"""From a question to a run that is ready, and from a stopped run to one that continues."""

import platform
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..derived import find, started, state
from ..errors import DeepResearchError, RunOver, SettingsError, UserError
from ..local.prepare import AUTO, ReadyModel, ready_model
from ..models.schemas import offered
from ..network import is_on_this_machine
from ..policy import Policy
from ..settings import Settings
from ..store import RunLog, Store
from ..threads import in_thread
from ..tools import Tool, default_tools
from ..trajectory import Event, PolicyChanged, RunFailed, RunFinished, RunResumed, RunStarted, Task
from ..version import __version__
from .control import Handlers
from .loop import Run
from .policies import POLICIES
from .policies.succession import Succession
from .policies.without_model import WithoutModel
from .sources import Sources, open_sources
from .verifier import Verifier

if TYPE_CHECKING:
    from ..library.dense.embedder import Embedder


CHANGES = (RunResumed, PolicyChanged)
"""Events that change what a run was started with."""
SERVED = frozenset({"chat", "guided"})
"""Policies of this project that ask a served model."""
OWN_PROMPTS = frozenset({"extractive", "guided"})
"""Policies that read no system prompt."""


def new_run(store: Store, settings: Settings, task: Task, handlers: Handlers | None = None) -> Run:
    """A run of `task` with run.started on record. Documents are read and indexed first where that is due.

    Raises UserError for a task or settings that cannot work.
    """
    if not task.question.strip():
        raise UserError("The question is empty.", 'Ask one: deepresearch run "QUESTION" --docs FOLDER.')
    handlers = handlers or Handlers()
    check_policy(settings)
    if policy_of(settings) == "extractive" and not (task.attachments or task.libraries or settings.search.web):
        raise UserError(
            "There is nothing to search.",
            "Name your documents with --docs or --library, search the web with --web, or name a model with --model.",
        )
    with ExitStack() as opened:  # what goes wrong on the way closes what is open
        model = opened.enter_context(closing(open_model(settings, handlers)))
        settings = model.settings
        sources = open_sources(settings, task, handlers)
        opened.callback(sources.abandon)
        tools = default_tools(sources.all, sources.authority, simple=model.facts.is_small)
        policy = open_policy(settings, tools)
        log = opened.enter_context(store.create(run_id(task.question)))
        log.append(
            RunStarted(
                task=task,
                settings=model.recorded.public(),
                versions=versions(),
                policy=policy.name,
                system="" if policy.name in OWN_PROMPTS else system_prompt(settings),
                tools=[offered(tool.spec()) for tool in tools],
                notes=[*model.notes, *sources.notes],
            )
        )
        opened.pop_all()
    return SourcedRun(store, log, model, policy, tools, sources, handlers)


def resumed_run(
    store: Store,
    run: str,
    changes: Mapping[str, Any],
    environment: Settings,
    handlers: Handlers | None = None,
) -> Run:
    """A stopped run, ready to continue with the settings it had.

    changes: nested settings that a person changes now, e.g. {"budget": {"turns": 80}}. environment: the settings in
    force now, of which only the endpoint's key is taken, since a record never holds one, and private mode.
    Raises UnknownRun, RunBusy, RunOver, JournalDamaged.
    """
    handlers = handlers or Handlers()
    with ExitStack() as opened:  # what goes wrong on the way closes what is open
        log = opened.enter_context(store.open(run))
        check_resumable(log.run, log.events)
        settings, unknown = recorded_settings(log.events, changes, environment)
        model = opened.enter_context(closing(open_model(settings, handlers)))
        settings = model.settings
        sources = open_sources(settings, started(log.events).task, handlers)
        opened.callback(sources.abandon)
        tools = default_tools(sources.all, sources.authority, simple=model.facts.is_small)
        policy = open_policy(settings, tools)
        notes = [*_about_unknown(unknown), *model.notes, *sources.notes]
        log.append(RunResumed(versions=versions(), settings=dict(changes), notes=notes))
        opened.pop_all()
    return SourcedRun(store, log, model, policy, tools, sources, handlers)


def replay_run(store: Store, run: str, environment: Settings, handlers: Handlers | None = None) -> Run:
    """A new run of the task of `run` with its settings, over the web as it was stored when `run` had ended, or, where
    that was a replay itself, as it used it.

    Own documents are read as they are now. environment: the settings in force now, of which the data folder, the
    endpoint's key and private mode are taken. Raises UnknownRun, UserError.
    """
    events = store.read(run)
    then, _ = recorded_settings(events, {}, environment)
    ended = datetime.fromtimestamp(max(event.time for event in events), UTC)
    as_of = then.search.as_of if then.search.replay and then.search.as_of else ended
    search = then.search.model_copy(update={"replay": True, "as_of": as_of})
    plan = "show" if then.plan == "ask" else then.plan
    now = then.model_copy(update={"search": search, "plan": plan, "store": environment.store})
    return new_run(store, now, started(events).task, handlers)


def check_resumable(run: str, events: Sequence[Event]) -> None:
    """Raises RunOver for a run that is cancelled or whose policy finished its report; a partial one continues."""
    now = state(events)
    if now == "cancelled" or (now == "finished" and find(events, RunFinished)[-1].reason != "partial"):
        raise RunOver(f"Run {run} is {now}; there is nothing to resume.", "See it with `deepresearch show`.")


def recorded_settings(
    events: Sequence[Event], changes: Mapping[str, Any], environment: Settings
) -> tuple[Settings, list[str]]:
    """The settings of a run, and the names of those that this version does not know.

    As started, with every change made since and `changes`; the keys and the data folder are those of `environment`.
    Private mode holds where either has it: who asks for it now must not be overruled by what was once recorded.
    """
    merged: dict[str, Any] = dict(started(events).settings)
    asked_for = merged.get("policy", AUTO)
    made = [
        {"policy": e.policy} if isinstance(e, PolicyChanged) else e.settings for e in events if isinstance(e, CHANGES)
    ]
    for change in [*made, changes]:
        if {"name", "base_url"} & set(change.get("model", {})):  # another model than the file's, or than failed before
            merged = _merge(merged, {"model": {"file": ""}, "policy": asked_for})
        merged = _merge(merged, change)
    settings, unknown = Settings.from_record(merged)
    here = {name: getattr(environment.model, name) for name in ("api_key", "api_key_file", "server")}
    private = {"private": settings.search.private or environment.search.private}
    update = {
        "model": settings.model.model_copy(update=here),
        "search": settings.search.model_copy(update=private),
        "keys": environment.keys,
        "store": environment.store,
    }
    return settings.model_copy(update=update), unknown


def _about_unknown(settings: Sequence[str]) -> list[str]:
    if not settings:
        return []
    return [f"Settings of another version, recorded and without effect here: {', '.join(sorted(settings))}."]


def policy_of(settings: Settings) -> str:
    """The name of the policy: a model that is named is used, unless the settings name another policy."""
    model = settings.model
    auto = "chat" if model.name or model.file else "local" if model.checkpoint else "extractive"
    return settings.policy if settings.policy != AUTO else auto


def check_policy(settings: Settings) -> None:
    """Raises SettingsError for a policy that cannot work: before anything is read or indexed for it."""
    name = policy_of(settings)
    POLICIES.get(name)
    if name not in SERVED:
        return
    model = settings.model
    is_local = bool(model.file) or (model.name == AUTO and not model.base_url)
    if not (is_local or (model.name and model.base_url)):
        raise SettingsError(
            "A served model needs a name and an endpoint.",
            "Give --model and --base-url, --model auto, or --model-file; DEEPRESEARCH_MODEL and DEEPRESEARCH_BASE_URL "
            "do as well.",
        )
    if settings.search.private and not (is_local or is_on_this_machine(model.base_url)):
        raise SettingsError(
            f"Private mode: the model at {model.base_url} is not on this machine.",
            "Name one on 127.0.0.1, or leave out search.private.",
        )
    from ..models.prices import price_of  # noqa: PLC0415  not needed without a model

    if settings.budget.cost is not None and price_of(model.name) is None:
        raise SettingsError(
            f"The price of {model.name or model.file} is unknown, so a limit on money cannot be enforced.",
            "Use --max-tokens instead of --max-cost.",
        )


def open_model(settings: Settings, handlers: Handlers) -> ReadyModel:
    """The model that the settings name, ready to be asked. Raises SettingsError, ModelError."""
    model = ready_model(settings, POLICIES.names())
    for note in model.notes if handlers.repaired else ():
        assert handlers.repaired is not None
        handlers.repaired(note)
    return model


def open_policy(settings: Settings, tools: Sequence[Tool]) -> Policy:
    """The policy that the settings name. Raises SettingsError."""
    check_policy(settings)
    return POLICIES.get(policy_of(settings))(settings, tools)


def open_verifier(settings: Settings) -> Verifier:
    """What checks the reports: with the served model where there is one, at temperature 0, and by meaning where the
    library's embedding model runs here; none is asked over the network."""

    def open_embedder() -> "Embedder":
        from ..library.dense.onnx import OnnxEmbedder  # noqa: PLC0415  an optional package

        return OnnxEmbedder(Path(settings.library.dense_model).expanduser())

    meaning = open_embedder if settings.library.dense == "onnx" else None
    if policy_of(settings) not in SERVED:
        return Verifier(open_embedder=meaning)
    from ..models.client import chat_client  # noqa: PLC0415
    from ..models.reply_cache import FOLDER, ReplyCache  # noqa: PLC0415  not needed without a model

    model = chat_client(settings, temperature=0.0, stream=False)
    return Verifier(model, ReplyCache(settings.data_folder() / FOLDER), meaning)


def system_prompt(settings: Settings) -> str:
    """The system prompt of a served model."""
    limits = {
        "turns": settings.budget.turns,
        "tool calls": settings.budget.tool_calls,
        "tokens": settings.budget.tokens,
        "US dollars": settings.budget.cost,
        "minutes": settings.budget.minutes,
    }
    words = ", ".join(f"{value:g} {unit}" for unit, value in limits.items() if value is not None)
    return files(__package__).joinpath("prompts", "chat.md").read_text(encoding="utf-8").format(limits=words)


def run_id(question: str) -> str:
    """A name that sorts by day, describes the question, and is not taken: 20261120-battery-recycling-3f2a91."""
    words = re.findall(r"[a-z0-9]+", question.lower())
    slug = "-".join(words)[:32].strip("-") or "run"
    return f"{time.strftime('%Y%m%d')}-{slug}-{secrets.token_hex(3)}"


def versions() -> dict[str, str]:
    """What the run was made with."""
    return {"deepresearch": __version__, "python": platform.python_version()}


class SourcedRun(Run):
    """A run with sources, a model made ready, and policies that can continue where the first one cannot work."""

    def __init__(
        self,
        store: Store,
        log: RunLog,
        model: ReadyModel,
        policy: Policy,
        tools: Sequence[Tool],
        sources: Sources,
        handlers: Handlers,
    ) -> None:
        settings = model.settings
        self.sources, self.model = sources, model
        others: dict[str, Callable[[], Policy]] = {"extractive": lambda: WithoutModel(settings, tools)}
        if "guided" in POLICIES.names() and model.recorded.policy == AUTO:
            others["guided"] = lambda: POLICIES.get("guided")(settings, tools)
        self.succession = Succession(policy, others)
        super().__init__(
            log,
            self.succession,
            tools,
            settings,
            store.run_folder(log.run),
            store.blobs,
            fallback=WithoutModel(settings, tools) if policy.name != "extractive" else None,
            handlers=handlers,
            verifier=open_verifier(settings),
        )

    def after(self, error: DeepResearchError) -> PolicyChanged | RunFailed:
        """The change to a policy that can work, or the failure."""
        change = self.succession.after(error)
        if change:  # the others do not put results into one prompt as they are
            self.executor.longest = self.model.recorded.context.observation
        return change or super().after(error)

    async def close(self) -> None:
        """Close everything, the connections to the web and the server of the model too."""
        await super().close()
        await self.sources.close()
        await in_thread(self.model.close)


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        inner = merged.get(key)
        merged[key] = _merge(inner, value) if isinstance(inner, Mapping) and isinstance(value, Mapping) else value
    return merged
