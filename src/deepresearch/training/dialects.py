"""How a run becomes token ids, and sampled ids the next turn.

What was sampled is never tokenised again: a turn that carries a `sample` enters later prompts and training samples with
exactly those ids. A prompt is a pure function of the run's events, and each prompt of a run begins with the one before
and what was sampled for it, until the view is compacted.

    compact   few special tokens in the place of JSON, for small models of a small vocabulary (CompactDialect)
    chat      the chat template of the tokenizer, for models that have one (ChatDialect)
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import SettingsError
from ..plugins import Registry
from ..policy import View
from ..trajectory import Event, Turn
from .chat import ChatDialect
from .compact import CompactDialect
from .records import TokenSample

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

__all__ = ["DIALECTS", "ChatDialect", "CompactDialect", "TokenDialect", "open_dialect"]


class TokenDialect(Protocol):
    """Between a run's events and token ids."""

    name: str
    marks: tuple[str, ...]
    """Texts that must be single tokens of the tokenizer."""
    stop_ids: frozenset[int]
    """Tokens that end a turn."""

    def prompt(self, view: View) -> list[int]:
        """All that precedes the next turn."""
        ...

    def read(self, ids: Sequence[int], view: View) -> Turn:
        """The turn that `ids`, sampled after `prompt(view)`, are; what cannot be read is a call with a `problem`."""
        ...

    def samples(self, events: Sequence[Event], kind: str = "") -> list[TokenSample]:
        """A run as training data: one sample for each stretch between compactions, the loss on the turns made in it."""
        ...

    def describe(self) -> dict[str, Any]:
        """What dialect.json holds: `name`, and the options."""
        ...


DIALECTS: Registry[Callable[..., TokenDialect]] = Registry(
    "token_dialects",
    {
        "compact": "deepresearch.training.compact:CompactDialect",
        "chat": "deepresearch.training.chat:ChatDialect",
    },
)


def open_dialect(tokenizer: "PreTrainedTokenizerFast", description: Mapping[str, Any]) -> TokenDialect:
    """The dialect that dialect.json describes. Raises SettingsError for an unknown name or option, or a tokenizer that
    lacks what the dialect needs."""
    options = dict(description)
    make = DIALECTS.get(str(options.pop("name", "")))
    try:
        return make(tokenizer, **options)
    except TypeError as error:
        raise SettingsError(f"dialect.json: {error}.", "Remove the option, or train with this version.") from error
