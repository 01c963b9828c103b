"""Precedence, naming of what is wrong, and secrets that stay secret."""

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from deepresearch.errors import SettingsError
from deepresearch.settings import SECTIONS, Settings, nested


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "deepresearch.toml"
    path.write_text('plan = "off"\n[budget]\nturns = 30\ntokens = 1000\n[model]\nname = "file-model"\n')
    return path


def test_flag_beats_environment_beats_file_beats_default(file: Path) -> None:
    environment = {"DEEPRESEARCH_BUDGET_TURNS": "20", "DEEPRESEARCH_MODEL": "env-model"}
    settings = Settings.load({"budget.turns": 10, "budget.tokens": None}, environment, file)
    assert settings.budget.turns == 10
    assert settings.model.name == "env-model"
    assert (settings.budget.tokens, settings.plan) == (1000, "off")
    assert settings.context.limit == Settings().context.limit


def test_foreign_variables_are_left_alone(tmp_path: Path) -> None:
    Settings.load({}, {"PATH": "/bin", "DEEPRESEARCH_SHARED": "/data"}, tmp_path / "none.toml")


@pytest.mark.parametrize(
    "flags, environment, toml, words",
    [
        ({"budget.turn": 1}, {}, "", ["budget.turn ", "budget.turns"]),
        ({}, {"DEEPRESEARCH_BUDGET_TRUNS": "1"}, "", ["DEEPRESEARCH_BUDGET_TRUNS", "budget.turns"]),
        ({}, {}, "[budjet]\nturns = 1", ["budjet.turns", "budget.turns"]),
        ({}, {}, "turns = [", ["deepresearch.toml", "cannot be read"]),
        ({}, {}, '[model]\napi_key = "k"', ["api_key", "DEEPRESEARCH_API_KEY"]),
        ({"budget.turns": 0}, {}, "", ["budget.turns = 0", "--max-turns"]),
        ({}, {"DEEPRESEARCH_BUDGET_COST": "free"}, "", ["budget.cost = 'free'", "DEEPRESEARCH_BUDGET_COST"]),
        ({"context.target": 90_000}, {}, "", ["context.target", "context.limit"]),
        ({"model.base_url": "http://me:secret@host/v1"}, {}, "", ["base_url", "DEEPRESEARCH_API_KEY"]),
        ({"search.searxng_url": "http://me:secret@host/"}, {}, "", ["searxng_url"]),
        ({}, {"DEEPRESEARCH_SEARCH_CACHE_HOURS": "-1"}, "", ["search.cache_hours", "DEEPRESEARCH_SEARCH_CACHE_HOURS"]),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, flags: dict[str, object], environment: dict[str, str], toml: str, words: list[str]
) -> None:
    path = tmp_path / "deepresearch.toml"
    path.write_text(toml)
    with pytest.raises(SettingsError) as caught:
        Settings.load(flags, environment, path)
    assert all(word in str(caught.value) for word in words)
    assert "secret" not in str(caught.value)


def test_the_key_is_never_written_down(tmp_path: Path) -> None:
    settings = Settings.load({}, {"DEEPRESEARCH_API_KEY": "sk-hidden"}, tmp_path / "none.toml")
    assert settings.key() == "sk-hidden"
    assert "sk-hidden" not in repr(settings) + json.dumps(settings.public()) + str(settings.model_dump(mode="json"))


def test_keys_of_providers_are_no_settings(tmp_path: Path) -> None:
    variables = ["DEEPRESEARCH_BRAVE_API_KEY", "DEEPRESEARCH_NEVER_HEARD_OF_API_KEY"]
    settings = Settings.load({}, dict.fromkeys(variables, "sk-hidden"), tmp_path / "none.toml")
    assert set(settings.service_keys().values()) == {"sk-hidden"}
    assert "sk-hidden" not in repr(settings) + json.dumps(settings.public())
    with pytest.raises(SettingsError, match="DEEPRESEARCH_<SERVICE>_API_KEY"):
        Settings.load({}, {}, _toml(tmp_path, '[keys]\nbrave = "k"'))


@pytest.mark.parametrize(
    "environment, toml", [({"DEEPRESEARCH_REPORT_MEND": "4"}, ""), ({}, "[report]\nmend = 4\n")], ids=["env", "toml"]
)
def test_old_names_are_read_and_removed_settings_accepted(
    tmp_path: Path, environment: dict[str, str], toml: str
) -> None:
    file = _toml(tmp_path, f"seed = 3\n{toml}[search]\nresults = 9\n")
    assert Settings.load({}, environment, file).report.max_revisions == 4


def test_settings_of_another_version_are_read_and_the_unknown_named() -> None:
    recorded = {"seed": 1, "report": {"mend": 3}, "budget": {"turns": 7, "moons": 2}, "tides": True, "sea": {"salt": 1}}
    settings, unknown = Settings.from_record(recorded)
    assert (settings.report.max_revisions, settings.budget.turns) == (3, 7)
    assert sorted(unknown) == ["budget.moons", "sea.salt", "tides"]


def test_settings_read_nothing_unless_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _toml(tmp_path, "[budget]\nturns = 3\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEEPRESEARCH_MODEL", "from-outside")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    assert Settings() == Settings.load({}, {}, tmp_path / "none.toml")
    loaded = Settings.load()
    assert (loaded.budget.turns, loaded.model.name) == (3, "from-outside")
    assert loaded.data_folder() == tmp_path / "home" / "deepresearch"
    assert Settings().data_folder() == Path("~/.local/share/deepresearch").expanduser()


def _toml(folder: Path, text: str) -> Path:
    path = folder / "deepresearch.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "name, value, field, read",
    [
        ("PROVIDERS", " arxiv, wikipedia ,", "providers", ["arxiv", "wikipedia"]),
        ("PROVIDERS", "", "providers", []),
        ("CACHE_HOURS", "none", "cache_hours", None),
        ("CACHE_HOURS", "0.5", "cache_hours", 0.5),
        ("PRIVATE", "true", "private", True),
        ("SEARXNG_URL", "http://127.0.0.1:8888", "searxng_url", "http://127.0.0.1:8888"),
    ],
)
def test_search_settings_in_the_environment(tmp_path: Path, name: str, value: str, field: str, read: object) -> None:
    settings = Settings.load({}, {f"DEEPRESEARCH_SEARCH_{name}": value}, tmp_path / "none.toml")
    assert getattr(settings.search, field) == read
    assert Settings.model_validate(settings.public()) == settings


def test_the_key_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-file\n")
    assert Settings.load({"model.api_key_file": str(tmp_path / "key")}, {}, tmp_path / "none.toml").key() == "sk-file"
    with pytest.raises(SettingsError, match="cannot read"):
        Settings.load({"model.api_key_file": str(tmp_path / "gone")}, {}, tmp_path / "none.toml").key()


def test_nested_leaves_out_what_was_not_given() -> None:
    assert nested({"budget.turns": 3, "budget.cost": None, "plan": "off"}) == {"budget": {"turns": 3}, "plan": "off"}


def test_public_settings_make_the_same_settings_again() -> None:
    settings = Settings.model_validate({"budget": {"turns": 7}, "plan": "ask"})
    assert Settings.model_validate(settings.public()) == settings


def test_sections_are_known() -> None:
    assert set(SECTIONS) == {"model", "context", "budget", "search", "library", "report", "network", "store"}
    assert all(issubclass(cls, BaseModel) for cls in SECTIONS.values() if cls)


def test_a_folders_own_file_names_no_program_to_start(tmp_path: Path) -> None:
    file = tmp_path / "deepresearch.toml"
    file.write_text('[model]\nfile = "m.gguf"\nserver = "./run-me"\n')
    with pytest.raises(SettingsError, match="program to start") as caught:
        Settings.load({}, {}, file)
    assert "DEEPRESEARCH_LLAMA_SERVER" in caught.value.hint
    named = Settings.load({}, {"DEEPRESEARCH_LLAMA_SERVER": "/opt/llama-server", "DEEPRESEARCH_MODEL_PORTS": "1,2"})
    assert named.model.server == "/opt/llama-server" and named.model.ports == [1, 2]
    assert "server" not in named.public()["model"]
