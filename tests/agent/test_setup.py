"""From a question to a run, and from a stopped run to one that continues."""

import os
from pathlib import Path

import pytest

from deepresearch.agent.control import Handlers
from deepresearch.agent.setup import new_run, recorded_settings, resumed_run, run_id, system_prompt
from deepresearch.derived import started
from deepresearch.errors import LibraryError, RunOver, SettingsError, UserError
from deepresearch.settings import Settings
from deepresearch.store import MemoryStore
from deepresearch.trajectory import RunFinished, RunResumed, RunStarted, Task, UserSteered
from tests.support.local_servers import write_program


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate({"store": {"folder": str(tmp_path / "data")}})


@pytest.fixture
def task(tmp_path: Path) -> Task:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# Sky\n\nThe sky is blue because air scatters blue light.\n")
    (tmp_path / "docs" / "b.pdf").write_bytes(b"\x89PNG\r\n\x1a\n")
    return Task(question="Why is the sky blue?", attachments=[str(tmp_path / "docs")])


async def test_what_is_on_record_before_the_first_step(settings: Settings, task: Task) -> None:
    skipped: list[tuple[str, str]] = []
    store = MemoryStore()
    run = new_run(store, settings, task, Handlers(skipped=skipped.extend))
    opening = started(run.log.events)
    assert opening.task == task and opening.policy == "extractive" and opening.versions["deepresearch"]
    assert {tool["function"]["name"] for tool in opening.tools} == {"batch_web_surfer", "todo", "file"}
    assert len(skipped) == 1 and "b.pdf" in skipped[0][0]
    assert isinstance(await run.go(), RunFinished)
    await run.close()
    with pytest.raises(RunOver, match="finished"):
        resumed_run(store, run.log.run, {}, settings)
    store.close()


async def test_a_record_of_another_version_is_resumed_and_what_is_unknown_named_and_kept(
    settings: Settings, task: Task
) -> None:
    store = MemoryStore()
    later = {**settings.public(), "tides": True, "seed": 7}
    with store.create("r") as log:
        log.append(RunStarted.model_validate({"task": task, "settings": later, "moon": "full"}))
        log.append(UserSteered.model_validate({"land": True}))
    run = resumed_run(store, "r", {}, settings)
    assert any("tides" in note for note in run.log.events[-1].notes)
    assert isinstance(await run.go(), RunFinished)
    await run.close()
    first, second, *_ = store.read("r")
    assert (first.moon, first.settings["tides"]) == ("full", True)
    assert second.finish_early
    store.close()


async def test_a_resumed_run_keeps_its_settings_but_for_the_changes(settings: Settings, task: Task) -> None:
    store = MemoryStore()
    first = new_run(store, settings.model_copy(update={"plan": "off"}), task)
    await first.close()
    second = resumed_run(store, first.log.run, {"budget": {"turns": 9}}, settings)
    assert (second.settings.plan, second.settings.budget.turns) == ("off", 9)
    assert isinstance(second.log.events[-1], RunResumed)
    await second.close()
    third = resumed_run(store, first.log.run, {}, settings)
    assert third.settings.budget.turns == 9
    await third.close()
    store.close()


async def test_a_model_file_is_served_for_the_run_and_again_when_it_is_resumed(
    settings: Settings, task: Task, tmp_path: Path
) -> None:
    file = tmp_path / "tiny-1b.gguf"
    file.write_bytes(b"GGUF")
    program = write_program(tmp_path / "llama-server")
    model = settings.model.model_copy(update={"file": str(file), "server": program, "retries": 0})
    store, notes = MemoryStore(), []
    here = settings.model_copy(update={"model": settings.model.model_copy(update={"server": program})})
    first = new_run(store, settings.model_copy(update={"model": model}), task, Handlers(repaired=notes.append))
    opening = started(first.log.events)
    assert (opening.policy, opening.settings["policy"]) == ("guided", "auto")
    assert opening.settings["model"]["file"] == str(file) and not opening.settings["model"]["base_url"]
    assert any("tiny-1b.gguf" in note for note in notes) and set(notes) <= set(opening.notes)
    process = file.with_name("tiny-1b.gguf.pid")
    os.kill(int(process.read_text()), 0)
    await first.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int(process.read_text()), 0)
    assert "server" not in opening.settings["model"], "a record must not name a program to start"
    again = resumed_run(store, first.log.run, {}, here)
    assert again.settings.model.base_url != first.settings.model.base_url and again.policy.name == "guided"
    os.kill(int(process.read_text()), 0)
    await again.close()
    other = {"model": {"name": "m", "base_url": "http://127.0.0.1:9/v1"}}
    elsewhere = resumed_run(store, first.log.run, other, settings)
    assert elsewhere.settings.model.file == "" and elsewhere.policy.name == "chat"
    await elsewhere.close()
    store.close()


def test_settings_of_a_record_take_the_key_of_today() -> None:
    now = Settings.model_validate({"model": {"api_key": "sk-today", "name": "other"}})
    then = Settings.model_validate({"model": {"name": "m"}}).public()
    made, _ = recorded_settings([RunStarted(task=Task(question="?"), settings=then)], {}, now)
    assert (made.model.name, made.key()) == ("m", "sk-today")


@pytest.mark.parametrize(
    "question, changes, error",
    [
        ("", {}, UserError),
        ("Why?", {"search": {"web": True, "providers": ["brave"]}}, SettingsError),
        ("Why?", {"search": {"web": True, "canned": "/no/such/folder"}}, LibraryError),
        ("Why?", {"policy": "chat"}, SettingsError),
    ],
)
def test_what_cannot_work_leaves_no_run(
    settings: Settings, task: Task, question: str, changes: dict[str, object], error: type[Exception]
) -> None:
    store = MemoryStore()
    wrong = Settings.model_validate({**settings.model_dump(), **changes})
    with pytest.raises(error):
        new_run(store, wrong, task.model_copy(update={"question": question}))
    assert store.runs() == []


@pytest.mark.parametrize(
    "base_url, fits",
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://localhost/v1", True),
        ("https://models.example/v1", False),
        ("http://10.0.0.7/v1", False),
        ("http://localhost.example/v1", False),
    ],
)
async def test_private_mode_takes_only_a_model_on_this_machine(
    settings: Settings, task: Task, base_url: str, fits: bool
) -> None:
    model = {"name": "m", "base_url": base_url}
    private = Settings.model_validate({**settings.model_dump(), "model": model, "search": {"private": True}})
    store = MemoryStore()
    if fits:
        await new_run(store, private, task).close()
    else:
        with pytest.raises(SettingsError, match="not on this machine"):
            new_run(store, private, task)
    store.close()


@pytest.mark.parametrize(
    "library",
    [
        {"engine": "opensearch", "opensearch_url": "https://search.example"},
        {"dense": "endpoint", "dense_model": "m", "dense_url": "https://models.example/v1"},
        {"dense": "endpoint", "dense_model": "m", "dense_url": "http://127.0.0.1:9/v1", "vectors": "qdrant"}
        | {"qdrant_url": "http://10.0.0.7:6333"},
    ],
)
def test_private_mode_takes_only_indexes_and_embeddings_on_this_machine(
    settings: Settings, task: Task, library: dict[str, str]
) -> None:
    private = Settings.model_validate({**settings.model_dump(), "library": library, "search": {"private": True}})
    store = MemoryStore()
    with pytest.raises(SettingsError, match="in private mode nothing leaves this machine"):
        new_run(store, private, task)
    assert store.runs() == []


async def test_what_had_to_be_repaired_is_reported_and_on_record(settings: Settings, task: Task) -> None:
    store = MemoryStore()
    await new_run(store, settings, task).close()
    for file in (settings.data_folder() / "libraries").glob("*/index/**/*"):
        if file.is_file():
            file.write_bytes(b"rubbish")
    told: list[str] = []
    run = new_run(store, settings, task, Handlers(repaired=told.append))
    assert any("rebuilt" in note for note in started(run.log.events).notes)
    assert set(started(run.log.events).notes) <= set(told)
    assert isinstance(await run.go(), RunFinished)
    await run.close()
    store.close()


def test_private_mode_of_today_holds_for_a_run_of_yesterday() -> None:
    now = Settings.model_validate({"search": {"private": True}})
    then = RunStarted(task=Task(question="?"), settings=Settings().public())
    assert recorded_settings([then], {}, now)[0].search.private
    then = RunStarted(task=Task(question="?"), settings=now.public())
    assert recorded_settings([then], {}, Settings())[0].search.private


def test_missing_sources(settings: Settings) -> None:
    with pytest.raises(UserError, match="nothing to search"):
        new_run(MemoryStore(), settings, Task(question="Why?"))
    with pytest.raises(LibraryError, match="no library gone"):
        new_run(MemoryStore(), settings, Task(question="Why?", libraries=["gone"]))


def test_run_ids_are_readable_and_unique() -> None:
    one, two = run_id("What is the Löwe?"), run_id("What is the Löwe?")
    assert one != two and "what-is-the-l" in one
    assert "run" in run_id("为什么？")


def test_the_prompt_names_the_limits() -> None:
    text = system_prompt(Settings.model_validate({"budget": {"turns": 12, "cost": 0.5}}))
    assert "12 turns, 0.5 US dollars" in text and "\\cite{passage id}" in text
