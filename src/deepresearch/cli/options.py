"""Groups of flags that several commands share."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    from ..settings import Settings
    from ..store import Store

Paths = Annotated[list[Path] | None, Parameter(consume_multiple=True, negative="")]
Names = Annotated[list[str] | None, Parameter(consume_multiple=True, negative="")]
Switch = Annotated[bool, Parameter(negative="")]
JsonOutput = Annotated[bool, Parameter(negative="", help="Print one JSON object.")]
JsonLines = Annotated[bool, Parameter(negative="", help="Print a JSON object a line.")]
RunId = Annotated[str, Parameter(help="Run id, or an unambiguous beginning of it.")]
LibraryName = Annotated[str, Parameter(help="Name of the library.")]


@Parameter(name="*", group="Model")
@dataclass(frozen=True)
class EndpointFlags:
    model: str | None = None
    """Model name; auto: whichever a server on this machine offers; without one no model is asked."""
    model_file: str | None = None
    """Model in the GGUF format: llama.cpp's server is started for it and ended with the run."""
    checkpoint: str | None = None
    """Folder of a trained checkpoint, which runs in this process (--policy local)."""
    base_url: str | None = None
    """OpenAI-compatible endpoint, e.g. http://127.0.0.1:8000/v1; its key comes from DEEPRESEARCH_API_KEY."""
    dialect: Literal["native", "toolcall", "tool_call", "steptml"] | None = None
    """How tools are called: native function calls, or one of the tagged texts."""
    temperature: float | None = None
    """How freely the model chooses its words, 0 to 2 (1.0; 0.3 for a small model)."""
    max_reply_tokens: int | None = None
    """Longest reply of the model, tokens (16384; less in a short context)."""

    def flags(self) -> dict[str, Any]:
        """As dotted settings."""
        file = str(Path(self.model_file).expanduser().absolute()) if self.model_file else None
        return {
            "model.name": self.model,
            "model.file": file,
            "model.checkpoint": str(Path(self.checkpoint).expanduser().absolute()) if self.checkpoint else None,
            "model.base_url": self.base_url,
            "model.dialect": self.dialect,
            "model.temperature": self.temperature,
            "model.max_tokens": self.max_reply_tokens,
        }


@Parameter(name="*", group="Budget")
@dataclass(frozen=True)
class Limits:
    max_turns: int | None = None
    """Decisions of the policy, the report included (50 where nothing else is set)."""
    max_tool_calls: int | None = None
    """Tool calls."""
    max_tokens: int | None = None
    """Input plus output tokens of all turns."""
    max_cost: float | None = None
    """US dollars."""
    max_minutes: float | None = None
    """Minutes."""

    def flags(self) -> dict[str, Any]:
        """As dotted settings; Settings.load reports what is wrong with a value, a zero included."""
        return {
            "budget.turns": self.max_turns,
            "budget.tool_calls": self.max_tool_calls,
            "budget.tokens": self.max_tokens,
            "budget.cost": self.max_cost,
            "budget.minutes": self.max_minutes,
        }


@Parameter(name="*", group="Output")
@dataclass(frozen=True)
class Output:
    out: Path | None = None
    """Folder for the report's files."""
    format: str | None = None
    """Formats to write there, with commas (default md,html): md, html, json, docx, pdf, pptx, tex, bib, ris, csl."""
    style: str = "numeric"
    """How references are written: numeric, apa, ieee, gb-t-7714, or the name of any other style."""
    json: Switch = False
    """Print one JSON object instead of the report."""
    force: Switch = False
    """Replace files in --out that no export has written, or that were changed since."""

    def check(self) -> None:
        """Raises UserError for formats or a folder that cannot work: before the research, not after."""
        from ..errors import UserError

        self.formats()
        if self.format and not self.out:
            raise UserError(f"--format {self.format} needs a folder to write to.", "Give --out FOLDER.")
        if self.out:
            try:
                self.out.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryFile(dir=self.out):
                    pass
            except OSError as error:
                raise UserError(
                    f"--out {self.out}: {error.strerror}.", "Name a folder that can be written to."
                ) from error

    def formats(self) -> list[str]:
        """The formats to write. Raises ExportError for one that is not known, or for an unknown style."""
        from ..report import check_formats, check_style

        check_style(self.style)
        if not self.format:
            return ["md", "html"]
        return check_formats(self.format.split(","))


@Parameter(name="*", group="Data")
@dataclass(frozen=True)
class Data:
    data: Path | None = None
    """Data folder, where runs and libraries are stored."""

    def flags(self) -> dict[str, Any]:
        """As dotted settings."""
        return {"store.folder": str(self.data.absolute()) if self.data else None}

    def settings(self) -> "Settings":
        """The settings in force."""
        from ..settings import Settings

        return Settings.load(self.flags())

    def store(self) -> "Store":
        """The store of the data folder."""
        return open_store(self.settings())


def open_store(settings: "Settings") -> "Store":
    """The store that the settings name. Raises UserError where the folder cannot be used."""
    from ..store import Store

    return Store(settings.data_folder())
