"""Every setting, in one model and one file, however long. Precedence: flag > environment > deepresearch.toml > default.

`Settings(...)` reads nothing but its arguments; `Settings.load()` reads the environment and deepresearch.toml too.
An environment variable is `DEEPRESEARCH_<SECTION>_<FIELD>` (`DEEPRESEARCH_BUDGET_TURNS=20`), a TOML key the same
under its section. Unknown names fail. Secrets come from code, from the environment or from a file that
`model.api_key_file` names, never from deepresearch.toml, and are never written anywhere. The key of a service is
`DEEPRESEARCH_<SERVICE>_API_KEY`, whatever the service: this file lists none.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from .errors import SettingsError

PREFIX = "DEEPRESEARCH_"
FILE = "deepresearch.toml"
SHORT_NAMES = {
    "API_KEY": "model.api_key",
    "BASE_URL": "model.base_url",
    "MODEL": "model.name",
    "DATA": "store.folder",
    "LLAMA_SERVER": "model.server",
}
"""Environment names that people try first."""
KEY_SUFFIX = "_API_KEY"
NOT_SETTINGS = frozenset({"SHARED", "KILLS", "UNCLOSED"})
"""Names with the prefix that belong to the test suite, as do all that begin with TEST_."""
RENAMED = {"report.mend": "report.max_revisions"}
"""Earlier names of settings, still read everywhere."""
REMOVED = frozenset({"seed", "search.results"})
"""Settings of earlier versions that are still accepted and have no effect: nothing ever read them."""


class SettingsGroup(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, frozen=True)


class ModelSettings(SettingsGroup):
    name: str = ""
    """Model name as the endpoint knows it; auto: whichever a server on this machine offers; empty: no model, the
    extractive policy works."""
    file: str = ""
    """Model in the GGUF format, for which llama.cpp's server is started and ended with the run."""
    checkpoint: str = ""
    """Folder of a checkpoint that runs in this process, with the policy `local` (the extra `train`)."""
    server: str = ""
    """That server's program (DEEPRESEARCH_LLAMA_SERVER; never from a file or a record); empty: llama-server on the
    path, or of the extra `local`."""
    context: int = Field(default=0, ge=0)
    """Tokens of prompt and reply together; 0: as the endpoint tells, or 8192 for a server that is started."""
    ports: list[int] = [11434, 1234, 8080, 8000, 30000]
    """Ports of this machine where servers are looked for: Ollama, LM Studio, llama.cpp, vLLM, SGLang; a text with
    commas, in the environment."""
    base_url: str = ""
    """Root of an OpenAI-compatible endpoint, e.g. http://127.0.0.1:8000/v1."""
    api_key: SecretStr = SecretStr("")
    """Key of the endpoint; only from the environment (DEEPRESEARCH_API_KEY)."""
    api_key_file: str = ""
    """File with the key, outside any repository."""
    dialect: str = "native"
    """How tools are called: native function calls, or text for servers without them: toolcall, tool_call, steptml, or
    one that an installed package adds."""
    stream: bool = True
    """Read the reply as it is written."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    """None: 1.0, and 0.3 for a small model."""
    max_tokens: int = Field(default=16_384, ge=1)
    """Longest reply of one turn, tokens."""
    timeout: float = Field(default=300, gt=0)
    """Longest silence of the endpoint, seconds."""
    retries: int = Field(default=4, ge=0)
    """Further attempts where another attempt can help."""

    @field_validator("ports", mode="before")
    @classmethod
    def _split(cls, given: Any) -> Any:
        return [port.strip() for port in given.split(",") if port.strip()] if isinstance(given, str) else given


class ContextSettings(SettingsGroup):
    limit: int = Field(default=80_000, ge=2_000)
    """Compact the view when it grows past this, tokens."""
    target: int = Field(default=60_000, ge=1_000)
    """A compaction leaves at most this, tokens."""
    observation: int = Field(default=4_000, ge=200)
    """Longer observations are shown as a dense summary with the rest in a file, tokens."""
    keep: int = Field(default=4, ge=1)
    """Newest turns that a compaction leaves as they are."""
    reasoning: bool = False
    """Send the model's earlier reasoning back to it, for models that were trained to get it."""


class BudgetSettings(SettingsGroup):
    turns: int = Field(default=50, ge=1)
    """Decisions of the policy, the answer included."""
    tool_calls: int | None = Field(default=None, ge=1)
    tokens: int | None = Field(default=None, ge=1)
    """Input plus output of all turns."""
    cost: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """US dollars."""
    minutes: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    reserve: float = Field(default=0.1, ge=0, lt=1)
    """Share of each limit that is reserved for writing the answer."""


class SearchSettings(SettingsGroup):
    web: bool = False
    """Search the web too, beside the user's own documents."""
    providers: list[str] = ["wikipedia", "openalex", "crossref", "arxiv"]
    """Services to search the web with; a text with commas, in the environment."""
    searxng_url: str = ""
    """Your own SearXNG instance, e.g. http://127.0.0.1:8888; where it is named, it is asked too."""
    contact: str = ""
    """E-mail address shown to OpenAlex and Crossref, which serve those who name one better."""
    cache_hours: float | None = Field(default=24, ge=0)
    """Age up to which an identical query is answered from the cache; none: any age."""
    private: bool = False
    """Nothing leaves this machine: stored pages and answers can be used, and only a model on this machine."""
    canned: str = ""
    """Folder of pages that is used instead of the web; no provider is asked then."""
    replay: bool = False
    """Answer from the pages and answers that earlier runs stored, of any age, failures included; nothing is fetched."""
    as_of: datetime | None = None
    """In a replay, the time after which nothing that was stored is used, e.g. 2026-11-20T18:30; none: all is."""
    authority: str = ""
    """CSV file of your own verdicts on sites, which go before the built-in table's (see docs/authority.md)."""
    allow_hosts: list[str] = []
    """Servers of your own (host or host:port) that may be on this machine or in a private network."""
    user_agent: str = ""
    """The User-Agent of requests for pages; empty: this program's own name, which a site's robots.txt can name."""
    page_hours: float = Field(default=24, ge=0)
    """Age up to which an archived page is used instead of fetching it again."""
    page_bytes: int = Field(default=16 * 2**20, ge=1024)
    """Largest page, raw and decoded, bytes."""
    page_seconds: float = Field(default=25, gt=0, le=40)
    """Longest time for one page, attempts included."""
    interval: float = Field(default=0.5, ge=0)
    """Pause between two requests to one host, seconds."""

    @field_validator("providers", "allow_hosts", mode="before")
    @classmethod
    def _split(cls, given: Any) -> Any:
        return [name.strip() for name in given.split(",") if name.strip()] if isinstance(given, str) else given

    @field_validator("cache_hours", mode="before")
    @classmethod
    def _none(cls, given: Any) -> Any:
        """TOML and the environment have no null."""
        return None if isinstance(given, str) and given.strip().lower() == "none" else given


class LibrarySettings(SettingsGroup):
    """How the user's own documents are indexed. The document store keeps the documents themselves in every case."""

    engine: Literal["tantivy", "opensearch"] = "tantivy"
    """Text index: on disk beside the documents, or an OpenSearch server."""
    opensearch_url: str = ""
    """Root of the OpenSearch server, e.g. http://127.0.0.1:9200; its key comes from DEEPRESEARCH_OPENSEARCH_API_KEY."""
    memory: int = Field(default=256, ge=32)
    """Memory that the index may use while it is built, MiB."""
    dense: Literal["off", "onnx", "endpoint"] = "off"
    """Search by meaning too: with the ONNX model in `dense_model`, or with the endpoint's embeddings."""
    dense_model: str = ""
    """onnx: folder with model.onnx and tokenizer.json; endpoint: name of the embedding model."""
    dense_url: str = ""
    """OpenAI-compatible endpoint that serves embeddings; empty: model.base_url."""
    dense_query: str | None = None
    """Put before queries for the endpoint's model; unset: what models of its name (e5, bge, ...) were trained on."""
    dense_passage: str | None = None
    """The same for passages."""
    vectors: Literal["numpy", "qdrant"] = "numpy"
    """Where vectors are stored: in a file, searched exactly, or on a Qdrant server."""
    qdrant_url: str = ""
    """Root of the Qdrant server, e.g. http://127.0.0.1:6333; its key comes from DEEPRESEARCH_QDRANT_API_KEY."""


class ReportSettings(SettingsGroup):
    """How the report is written and checked."""

    draft: Literal["once", "synthesis"] = "once"
    """once: the policy's first report. synthesis: outline, sections from their passages, an edit; the new draft
    is taken only if a comparison finds it deeper and no less complete. For served models; costs several more turns."""
    max_revisions: int = Field(default=2, ge=0, le=5)
    """Times that a served model gets its report back with the citations that failed the check."""
    ask: bool = True
    """Let the served model judge the citations that the mechanical check leaves undecided."""


class NetworkSettings(SettingsGroup):
    """The way to other machines, from a company's network for example. This machine is never reached by a proxy."""

    proxy: str = "system"
    """Proxy to the model endpoint and other servers: system (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY), none, or
    an address such as http://proxy:3128."""
    proxy_web: bool = False
    """Ask for pages and search services through the proxy too. The proxy then looks names up, and it is for the proxy
    to keep internal addresses out of reach."""
    ca_file: str = ""
    """File of certificates to trust in place of the system's (PEM); empty: SSL_CERT_FILE where set."""


class StoreSettings(SettingsGroup):
    folder: str = ""
    """Data folder: journal, libraries, workspaces. Empty: the user's data folder of the system."""


class Settings(SettingsGroup):
    model: ModelSettings = ModelSettings()
    context: ContextSettings = ContextSettings()
    budget: BudgetSettings = BudgetSettings()
    search: SearchSettings = SearchSettings()
    library: LibrarySettings = LibrarySettings()
    report: ReportSettings = ReportSettings()
    network: NetworkSettings = NetworkSettings()
    store: StoreSettings = StoreSettings()
    policy: str = "auto"
    """auto: extractive without a model, guided for a small one or one that calls no tools, else chat; one of these; or
    the name of an installed package's policy."""
    plan: Literal["ask", "show", "off"] = "show"
    """ask: wait for the plan to be approved; show: show it and continue."""
    keys: dict[str, SecretStr] = Field(default={}, repr=False)
    """Keys of search services and of servers by name (brave, opensearch); only from code or the environment."""

    @classmethod
    def load(
        cls,
        flags: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        file: Path | None = None,
    ) -> "Settings":
        """The settings in force here.

        flags: dotted names to values, e.g. {"budget.turns": 20}; None values are taken as not given.
        environment: os.environ where None. file: deepresearch.toml of the current folder where None; it need not
        exist. Raises SettingsError that names the setting, where it was given and the nearest known name.
        """
        merged: dict[str, Any] = {}
        origin: dict[str, str] = {}
        keys: dict[str, str] = {}

        def put(given: str, value: Any, where: str) -> None:
            if (dotted := RENAMED.get(given, given)) not in REMOVED:
                _check_known(dotted, where)
                _place(merged, dotted, value)
                origin[dotted] = where

        environment = os.environ if environment is None else environment
        file = file or Path(FILE)
        if home := environment.get("XDG_DATA_HOME"):
            put("store.folder", str(Path(home) / "deepresearch"), "XDG_DATA_HOME")
        for dotted, value in _from_file(file).items():
            put(dotted, value, str(file))
        for name, value in environment.items():
            short = name.removeprefix(PREFIX)
            if short == name or short in NOT_SETTINGS or short.startswith("TEST_"):
                continue
            if short.endswith(KEY_SUFFIX) and short not in ("API_KEY", "MODEL_API_KEY"):
                keys[short.removesuffix(KEY_SUFFIX).lower()] = value.strip()
            else:
                put(_environment_name(short), value, name)
        for dotted, value in (flags or {}).items():
            if value is not None:
                put(dotted, value, flag_name(dotted))
        return _validated({**merged, "keys": keys}, origin)

    @classmethod
    def from_record(cls, recorded: Mapping[str, Any]) -> "tuple[Settings, list[str]]":
        """Settings that another version may have recorded, and the dotted names of those unknown here, left out.

        Raises SettingsError for a value that this version does not take.
        """
        known: dict[str, Any] = {}
        unknown: list[str] = []
        for given, value in _flat(recorded).items():
            dotted = RENAMED.get(given, given)
            if dotted in KNOWN:
                _place(known, dotted, value)
            elif dotted not in REMOVED:
                unknown.append(dotted)
        return _validated(known, {}), unknown

    def changed(self, flags: Mapping[str, Any]) -> "Settings":
        """These settings with others in their place: dotted names to values; None values are taken as not given.

        Raises SettingsError.
        """
        merged = self.model_dump()
        for dotted, value in flags.items():
            if value is not None:
                _check_known(dotted, "given in code")
                _place(merged, dotted, value)
        return _validated(merged, {})

    def public(self) -> dict[str, Any]:
        """The settings as they may be written down: no secret, no trace of one."""
        return self.model_dump(mode="json", exclude={"keys": True, "model": {"api_key", "api_key_file", "server"}})

    def key(self) -> str:
        """The endpoint's key, or an empty text. Raises SettingsError where the key file cannot be read."""
        if self.model.api_key_file:
            try:
                return Path(self.model.api_key_file).expanduser().read_text().strip()
            except OSError as error:
                raise SettingsError(
                    f"model.api_key_file: cannot read {self.model.api_key_file} ({error.strerror}).",
                    "Name a readable file or use DEEPRESEARCH_API_KEY.",
                ) from error
        return self.model.api_key.get_secret_value()

    def service_keys(self) -> dict[str, str]:
        """The keys of services by their names (brave, opensearch); empty ones are left out."""
        return {name: secret for name, key in self.keys.items() if (secret := key.get_secret_value())}

    def data_folder(self) -> Path:
        """Where everything is stored; not created here."""
        folder = Path(self.store.folder) if self.store.folder else Path("~/.local/share/deepresearch")
        return folder.expanduser().absolute()


SECTIONS: dict[str, type[BaseModel]] = {
    name: type(field.default)
    for name, field in Settings.model_fields.items()
    if isinstance(field.default, SettingsGroup)
}
KNOWN = [name for name in Settings.model_fields if name not in SECTIONS and name != "keys"] + [
    f"{section}.{field}" for section, cls in SECTIONS.items() for field in cls.model_fields
]
"""Every setting by its dotted name."""


def nested(flags: Mapping[str, Any]) -> dict[str, Any]:
    """{"budget": {"turns": 20}} of {"budget.turns": 20}; None values are left out."""
    tree: dict[str, Any] = {}
    for dotted, value in flags.items():
        if value is not None:
            _place(tree, dotted, value)
    return tree


def _place(tree: dict[str, Any], dotted: str, value: Any) -> None:
    *sections, name = dotted.split(".")
    for section in sections:
        tree = tree.setdefault(section, {})
    tree[name] = value


def flag_name(dotted: str) -> str:
    """The command line's name for a setting: --max-turns for budget.turns."""
    section, _, name = dotted.rpartition(".")
    special = {"model.max_tokens": "--max-reply-tokens", "model.file": "--model-file"}
    return special.get(dotted, f"--{'max-' if section == 'budget' else ''}{name.replace('_', '-')}")


def _validated(merged: Mapping[str, Any], origin: Mapping[str, str]) -> Settings:
    """Raises SettingsError that names each wrong value and where it was given."""
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as error:
        problems = []
        for problem in error.errors():
            dotted = ".".join(str(part) for part in problem["loc"])
            problems.append(f"{dotted} = {problem['input']!r} ({origin.get(dotted, 'default')}): {problem['msg']}")
        raise SettingsError("; ".join(problems) + ".", "Correct it there, or remove it for the default.") from None
    if "@" in settings.model.base_url.split("?")[0]:
        raise SettingsError("model.base_url carries a password.", "Give it with DEEPRESEARCH_API_KEY instead.")
    if "@" in settings.search.searxng_url.split("?")[0]:
        raise SettingsError("search.searxng_url carries a password.", "Name the instance without one.")
    if settings.context.target >= settings.context.limit:
        raise SettingsError(
            f"context.target = {settings.context.target} is not below context.limit = {settings.context.limit}.",
            "Lower the target.",
        )
    return settings


def _flat(table: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a table of sections by their dotted names."""
    found: dict[str, Any] = {}
    for name, value in table.items():
        found |= (
            {f"{name}.{key}": inner for key, inner in value.items()} if isinstance(value, Mapping) else {name: value}
        )
    return found


def _from_file(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        found = _flat(tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{file} cannot be read: {error}.", "Correct the file or move it away.") from error
    if any(dotted == "model.api_key" or dotted.partition(".")[0] == "keys" for dotted in found):
        raise SettingsError(
            f"{file}: keys (model.api_key, keys.*) do not belong in a file that gets shared.",
            "Use DEEPRESEARCH_API_KEY, DEEPRESEARCH_<SERVICE>_API_KEY or model.api_key_file.",
        )
    if "model.server" in found:
        raise SettingsError(
            f"{file}: model.server names a program to start, which a folder's own file must not.",
            "Use DEEPRESEARCH_LLAMA_SERVER.",
        )
    return found


def _environment_name(name: str) -> str:
    """The dotted name of the setting that the variable DEEPRESEARCH_<name> sets."""
    lowered = name.lower()
    section = next((s for s in SECTIONS if lowered.startswith(s + "_")), "")
    return SHORT_NAMES.get(name) or (f"{section}.{lowered.removeprefix(section + '_')}" if section else lowered)


def _check_known(dotted: str, where: str) -> None:
    if dotted not in KNOWN:
        near = difflib.get_close_matches(dotted, KNOWN, n=1, cutoff=0.5)
        raise SettingsError(f"Unknown setting {dotted} ({where}).", f"Did you mean {near[0]}?" if near else "")
