"""Every error the project raises, as one tree.

    DeepResearchError
    ├── UserError            a person can fix the input; nothing was lost
    │   ├── SettingsError        unknown or impossible setting
    │   ├── UnknownRun           no such run in this data folder
    │   ├── RunBusy              another process is writing this run
    │   ├── RunOver              the run has ended and cannot be continued
    │   ├── NoReport             the run has no report: it was stopped or cancelled
    │   ├── DocumentError        a document cannot be read
    │   ├── LibraryError         a library or folder cannot be used
    │   │   ├── DamagedLibrary       damaged, or of another version: only building it again helps
    │   │   └── MissingPackage       a package that an extra installs
    │   ├── ExportError          an export cannot be made
    │   ├── RubricError          rubrics that cannot be read or used
    │   └── TrainingError        samples or settings of which nothing can be learnt
    │       ├── CheckpointError      a checkpoint or saved state that does not fit
    │       └── Diverged             the loss is no number any more; what was saved before can be resumed
    ├── PolicyError          the policy's mistake: shown to the policy, the run continues
    │   ├── MalformedCall        a tool call that cannot be read, or was cut off
    │   ├── UnknownTool          a tool that does not exist
    │   ├── BadArguments         arguments that the tool does not take
    │   ├── Denied               a thing the policy may not do (a path outside the workspace)
    │   ├── NoAnswer             replies that cannot be used, again and again: ends the run
    │   └── ToolFailed           the tool ran as asked, and that did not work
    ├── WorldError           a service, page or file failed: retried where that can help, then shown
    │   ├── SearchFailed         a search provider failed (not: found nothing)
    │   ├── FetchFailed          a page could not be fetched
    │   ├── ProcessFailed        a process of the sandbox failed or was ended at a limit
    │   └── ModelError           a model endpoint failed
    │       ├── ModelUnreachable     down, resets, timeouts, 5xx to the end
    │       ├── RateLimited          429 to the end
    │       ├── KeyRefused           401, 403
    │       ├── UnknownModel         404, or a message to that effect
    │       ├── NoToolCalling        the server rejects requests with tools
    │       ├── NotAnEndpoint        an answer that is not the chat dialect (such as HTML)
    │       ├── RequestRefused       any other 4xx
    │       ├── ContextOverflow      the request is longer than the model's context
    │       ├── ContentFiltered      the server's content filter refuses what is in the request
    │       └── BrokenReply          a reply without its end, or an error in mid-stream
    └── InternalError        our mistake: stops the run with the error; the journal stays intact
        └── JournalDamaged       records that are neither sound nor a torn tail

`fault` tells whose mistake it is, `reason` is the class's name as events record it (unknown_run): renaming a class
changes the record.
A message names the thing and the place; `hint` tells what to do about it.
"""

import re
from typing import ClassVar, Literal

Fault = Literal["user", "policy", "world", "ours"]


class DeepResearchError(Exception):
    """Base of the tree."""

    fault: ClassVar[Fault] = "ours"
    reason: ClassVar[str] = "internal"
    exit_code: ClassVar[int] = 1

    def __init_subclass__(cls) -> None:
        if "reason" not in vars(cls):
            cls.reason = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__.removesuffix("Error")).lower()

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UserError(DeepResearchError):
    fault = "user"
    exit_code = 2


class SettingsError(UserError): ...


class UnknownRun(UserError): ...


class RunBusy(UserError): ...


class RunOver(UserError): ...


class NoReport(UserError): ...


class DocumentError(UserError): ...


class LibraryError(UserError): ...


class DamagedLibrary(LibraryError): ...


class MissingPackage(LibraryError):
    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(f"{what} needs the package {package}.", f"Run: pip install 'step-deepresearch[{extra}]'")


class ExportError(UserError): ...


class RubricError(UserError): ...


class TrainingError(UserError): ...


class CheckpointError(TrainingError): ...


class Diverged(TrainingError):
    exit_code = 1


class PolicyError(DeepResearchError):
    fault = "policy"


class MalformedCall(PolicyError): ...


class UnknownTool(PolicyError): ...


class BadArguments(PolicyError): ...


class Denied(PolicyError): ...


class NoAnswer(PolicyError): ...


class ToolFailed(PolicyError): ...


class WorldError(DeepResearchError):
    fault = "world"


class SearchFailed(WorldError):
    def __init__(self, message: str, hint: str = "", outcome: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, hint)
        self.outcome = outcome
        """key_refused, out_of_quota, rate_limited, unreachable, refused, not_understood; empty where several failed."""
        self.retry_after = retry_after
        """Seconds that the provider asks to wait."""


class FetchFailed(WorldError):
    """`outcome` names what happened to the page; docs/web.md lists the values."""

    def __init__(self, message: str, hint: str = "", *, outcome: str = "failed") -> None:
        super().__init__(message, hint)
        self.outcome = outcome


class ProcessFailed(WorldError):
    reason = "process"


class ModelError(WorldError):
    exit_code = 2


class ModelUnreachable(ModelError): ...


class RateLimited(ModelError): ...


class KeyRefused(ModelError): ...


class UnknownModel(ModelError): ...


class NoToolCalling(ModelError): ...


class NotAnEndpoint(ModelError): ...


class RequestRefused(ModelError): ...


class ContextOverflow(ModelError):
    def __init__(self, message: str, hint: str = "", limit: int | None = None) -> None:
        super().__init__(message, hint)
        self.limit = limit
        """Tokens of the whole context, prompt and reply, where the server names them."""


class ContentFiltered(ModelError): ...


class BrokenReply(ModelError): ...


class InternalError(DeepResearchError): ...


class JournalDamaged(InternalError):
    exit_code = 2


def error_named(reason: str) -> type[DeepResearchError]:
    """The class whose `reason` that is; DeepResearchError for a word that this version does not know."""
    classes = [cls for cls in globals().values() if isinstance(cls, type) and issubclass(cls, DeepResearchError)]
    return next((cls for cls in classes if cls.reason == reason), DeepResearchError)
