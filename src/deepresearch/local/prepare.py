"""The model of a run made ready: found or started where the settings ask for it, its facts, and what follows from them.

What follows: which policy fits, how long prompt, observations and replies may be, and how the model samples.
"""

from collections.abc import Container
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pydantic import SecretStr

from ..errors import ModelError, SettingsError
from ..settings import Settings
from .facts import KnownModels, ModelFacts, parameters_in

if TYPE_CHECKING:
    from .llama_server import LlamaServer
    from .servers import LocalModel

AUTO = "auto"
"""The model name that stands for whichever model this machine serves."""
SMALLEST_CHAT = 3_500
"""Tokens of context below which the chat policy has no room for what it found."""
SMALLEST_GUIDED = 1_500
"""The same for asking about one passage."""
SHORTEST_REPLY = 256
SHORTEST_OBSERVATION = 200
SPARE = 64
"""Tokens that stay free, for what the server's template adds."""
COOL = 0.3
"""Temperature for small models, which lose the thread at higher ones."""


@dataclass
class ReadyModel:
    """The settings of a run with its model made ready."""

    settings: Settings
    """Those in force: with the model's name and address, and the limits that its context sets."""
    recorded: Settings
    """Those to write down: as asked for, with the name and address of a model that was chosen automatically."""
    policy: str
    facts: ModelFacts = field(default_factory=ModelFacts)
    notes: list[str] = field(default_factory=list)
    """What was found, started, chosen or limited, in words."""
    server: "LlamaServer | None" = None

    def close(self) -> None:
        """End the server, where one was started."""
        if self.server:
            self.server.close()


def ready_model(settings: Settings, policies: Container[str]) -> ReadyModel:
    """The model that `settings` name, ready to be asked; `policies`: names of those that there are.

    Raises SettingsError where there is no such model or file, ModelUnreachable where a server does not start.
    """
    if settings.policy in ("extractive", "local") or not (settings.model.name or settings.model.file):
        policy = settings.policy if settings.policy != AUTO else "local" if settings.model.checkpoint else "extractive"
        return ReadyModel(settings, settings, policy)
    ready = _started(settings) if settings.model.file else _found(settings)
    try:
        _choose_policy(ready, policies)
        _set_limits(ready)
    except BaseException:  # of any kind: no server stays
        ready.close()
        raise
    return ready


def survey(settings: Settings) -> "list[tuple[LocalModel, list[str]]]":
    """Every model that this machine serves, those that are loaded with what they show when asked; and what went wrong
    with each, in words."""
    from .abilities import makes_vectors  # noqa: PLC0415  the HTTP stack is not needed without a model
    from .servers import find_models  # noqa: PLC0415

    surveyed: list[tuple[LocalModel, list[str]]] = []
    for one in find_models(settings.model.ports):
        facts = one.facts
        problems: list[str] = []
        if one.loaded and one.chats:
            named = settings.changed(
                {"model.name": one.name, "model.base_url": one.base_url, "model.dialect": "native"}
            )
            facts, problems = _asked(_without_key(named), facts, f"{one.base_url} {one.name}")
            if facts.embeddings is None:
                facts = replace(facts, embeddings=makes_vectors(one.base_url, one.name))
        surveyed.append((replace(one, facts=facts), problems))
    return surveyed


def _started(settings: Settings) -> ReadyModel:
    """llama.cpp's server for the file that the settings name."""
    from .llama_server import LlamaServer, checked_file  # noqa: PLC0415  for those who start one

    model = settings.model
    file = checked_file(model.file)
    server = LlamaServer(model.file, model.server, model.context)
    try:
        chosen = _without_key(settings.changed({"model.name": server.name, "model.base_url": server.url}))
        facts, notes = _asked(chosen, _told(chosen), f"{file} {file.stat().st_mtime_ns}")
    except BaseException:  # of any kind: no server stays
        server.close()
        raise
    notes = [f"Started llama.cpp's server with {file.name}: {facts.in_words()}.", *notes]
    return ReadyModel(chosen, settings, "", facts, notes, server)


def _found(settings: Settings) -> ReadyModel:
    """The served model that the settings name, or, for `auto`, the one that this machine serves."""
    model = settings.model
    if model.name != AUTO:
        return ReadyModel(settings, settings, "", _told(settings))
    from .servers import choose, find_models, models_at  # noqa: PLC0415  for those who look for one

    offered = models_at(model.base_url) if model.base_url else find_models(model.ports)
    chosen = choose(offered)
    if chosen is None:
        where = model.base_url or f"ports {', '.join(map(str, model.ports))} of this machine"
        raise SettingsError(
            f"--model auto: no model is served at {where}.",
            "Start Ollama, LM Studio, llama.cpp, vLLM or SGLang, or name a file with --model-file.",
        )
    named = settings.changed({"model.name": chosen.name, "model.base_url": chosen.base_url})
    named = named if model.base_url else _without_key(named)
    facts, notes = _asked(named, chosen.facts, f"{chosen.base_url} {chosen.name}")
    others = len(offered) - 1
    also = f" ({others} more {'is' if others == 1 else 'are'} served; --model names one)" if others else ""
    notes = [f"Model {chosen.name} of {chosen.server} at {chosen.base_url}: {facts.in_words()}{also}.", *notes]
    return ReadyModel(named, named, "", facts, notes)


def _without_key(settings: Settings) -> Settings:
    """The settings for a server of this machine: a key for another endpoint is not for whoever answers there."""
    update = {"api_key": SecretStr(""), "api_key_file": ""}
    return settings.model_copy(update={"model": settings.model.model_copy(update=update)})


def _told(settings: Settings) -> ModelFacts:
    """What the endpoint and the model's name tell, without asking the model anything."""
    model = settings.model
    known = KnownModels(settings.data_folder()).get(f"{model.base_url} {model.name}")
    by_name = ModelFacts(model.context or None, parameters_in(model.name))
    from .servers import facts_at  # noqa: PLC0415  the HTTP stack is not needed without a model

    told = facts_at(model, settings.key(), settings.network)
    return ModelFacts(model.context or None).over(told).over(known).over(by_name)


def _asked(settings: Settings, told: ModelFacts, key: str) -> tuple[ModelFacts, list[str]]:
    """`told`, with what the model shows when asked, now or within the last days; and what went wrong, in words."""
    from .abilities import ask_abilities  # noqa: PLC0415  the HTTP stack is not needed without a model

    known = KnownModels(settings.data_folder())
    facts = told.over(known.get(key))
    if facts.tools is not None and facts.schema is not None:
        return facts, []
    try:
        facts = ask_abilities(settings, facts)
    except ModelError as error:
        return facts, [f"What {settings.model.name} can do is not known: {error}"]
    known.put(key, ModelFacts(tools=facts.tools, schema=facts.schema))
    return facts, []


def _choose_policy(ready: ReadyModel, policies: Container[str]) -> None:
    """The policy of the settings, or the one that fits the model's facts, with the reason in the notes."""
    facts, context = ready.facts, ready.facts.context
    if ready.settings.policy != AUTO:
        ready.policy = ready.settings.policy
        return
    why = ""
    if facts.is_small:
        why = "the model is small"
    elif facts.tools is False:
        why = "the model calls no tools"
    elif context and context < SMALLEST_CHAT:
        why = f"a context of {context} tokens is too short for the chat policy"
    ready.policy = "guided" if why and "guided" in policies else "chat"
    if context and context < (SMALLEST_GUIDED if ready.policy == "guided" else SMALLEST_CHAT):
        ready.policy = "extractive"
        why = f"a context of {context} tokens is too short for the model to read a passage in"
    if ready.policy != "chat":
        ready.notes.append(f"Policy {ready.policy}: {why}. Another one: --policy chat|guided|extractive.")


def _set_limits(ready: ReadyModel) -> None:
    """Limits that the context sets, and the sampling of a small model, where the settings do not say otherwise.

    Only the chat policy puts what the tools have brought into its prompts as it is.
    """
    settings, context = ready.settings, ready.facts.context
    model, view = settings.model, settings.context
    if model.temperature is None:
        model = model.model_copy(update={"temperature": COOL if ready.facts.is_small else 1.0})
    if context:
        model = model.model_copy(update={"context": context})
    if context and ready.policy == "chat":
        reply = min(model.max_tokens, max(SHORTEST_REPLY, context // 4))
        limit = min(view.limit, max(context - reply - SPARE, SHORTEST_REPLY))
        target = min(view.target, limit * 3 // 4)
        observation = min(view.observation, max(SHORTEST_OBSERVATION, limit // 5))
        if limit < view.limit:
            ready.notes.append(
                f"The model's context has {context} tokens: prompts keep to {limit}, observations to {observation}, "
                f"replies to {reply}."
            )
        keep = max(1, min(view.keep, limit // (3 * observation)))
        model = model.model_copy(update={"max_tokens": reply})
        view = view.model_copy(update={"limit": limit, "target": target, "observation": observation, "keep": keep})
    update = {"model": model, "context": view, "policy": ready.policy}
    ready.settings = settings.model_copy(update=update)
