"""Precedence, naming of what is wrong, and secrets that stay secret."""

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from deepresearch.errors import SettingsError
from deepresearch.settings import PREFIX, PROVIDER_KEYS, SECTIONS, Settings, load_settings, nested
from deepresearch.web.providers import KEY_VARIABLES


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "deepresearch.toml"
    path.write_text('plan = "off"\n[budget]\nturns = 30\ntokens = 1000\n[model]\nname = "file-model"\n')
    return path


def test_flag_beats_environment_beats_file_beats_default(file: Path) -> None:
    environment = {"DEEPRESEARCH_BUDGET_TURNS": "20", "DEEPRESEARCH_MODEL": "env-model"}
    settings = load_settings({"budget.turns": 10, "budget.tokens": None}, environment, file)
    assert settings.budget.turns == 10
    assert settings.model.name == "env-model"
    assert (settings.budget.tokens, settings.plan) == (1000, "off")
    assert settings.context.limit == Settings().context.limit


def test_foreign_variables_are_left_alone(tmp_path: Path) -> None:
    load_settings({}, {"PATH": "/bin", "DEEPRESEARCH_SHARED": "/data"}, tmp_path / "none.toml")


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
        load_settings(flags, environment, path)
    assert all(word in str(caught.value) for word in words)
    assert "secret" not in str(caught.value)


def test_the_key_is_never_written_down(tmp_path: Path) -> None:
    settings = load_settings({}, {"DEEPRESEARCH_API_KEY": "sk-hidden"}, tmp_path / "none.toml")
    assert settings.key() == "sk-hidden"
    assert "sk-hidden" not in repr(settings) + json.dumps(settings.public()) + str(settings.model_dump(mode="json"))


def test_keys_of_providers_are_no_settings(tmp_path: Path) -> None:
    assert {PREFIX + name for name in PROVIDER_KEYS} == set(KEY_VARIABLES.values())
    settings = load_settings({}, dict.fromkeys(KEY_VARIABLES.values(), "sk-hidden"), tmp_path / "none.toml")
    assert "sk-hidden" not in repr(settings) + json.dumps(settings.public())


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
    settings = load_settings({}, {f"DEEPRESEARCH_SEARCH_{name}": value}, tmp_path / "none.toml")
    assert getattr(settings.search, field) == read
    assert Settings.model_validate(settings.public()) == settings


def test_the_key_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-file\n")
    assert load_settings({"model.api_key_file": str(tmp_path / "key")}, {}, tmp_path / "none.toml").key() == "sk-file"
    with pytest.raises(SettingsError, match="cannot read"):
        load_settings({"model.api_key_file": str(tmp_path / "gone")}, {}, tmp_path / "none.toml").key()


def test_nested_leaves_out_what_was_not_given() -> None:
    assert nested({"budget.turns": 3, "budget.cost": None, "plan": "off"}) == {"budget": {"turns": 3}, "plan": "off"}


def test_public_settings_make_the_same_settings_again() -> None:
    settings = Settings.model_validate({"budget": {"turns": 7}, "plan": "ask"})
    assert Settings.model_validate(settings.public()) == settings


def test_sections_are_known() -> None:
    assert set(SECTIONS) == {"model", "context", "budget", "search", "library", "report", "network", "store"}
    assert all(issubclass(cls, BaseModel) for cls in SECTIONS.values() if cls)
