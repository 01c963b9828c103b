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
    │   │   └── DamagedLibrary       damaged, or of another version: only building it again helps
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

`fault` tells whose mistake it is, `reason` is the short name that events record and exit codes follow.
A message names the thing and the place; `hint` tells what to do about it.
"""

from typing import ClassVar, Literal

Fault = Literal["user", "policy", "world", "ours"]


class DeepResearchError(Exception):
    """Base of the tree."""

    fault: ClassVar[Fault] = "ours"
    reason: ClassVar[str] = "internal"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UserError(DeepResearchError):
    fault = "user"
    reason = "user"
    exit_code = 2


class SettingsError(UserError):
    reason = "settings"


class UnknownRun(UserError):
    reason = "unknown_run"


class RunBusy(UserError):
    reason = "run_busy"


class RunOver(UserError):
    reason = "run_over"


class NoReport(UserError):
    reason = "no_report"


class DocumentError(UserError):
    reason = "document"


class LibraryError(UserError):
    reason = "library"


class DamagedLibrary(LibraryError):
    reason = "damaged_library"


class ExportError(UserError):
    reason = "export"


class RubricError(UserError):
    reason = "rubric"


class TrainingError(UserError):
    reason = "training"


class CheckpointError(TrainingError):
    reason = "checkpoint"


class Diverged(TrainingError):
    reason = "diverged"
    exit_code = 1


class PolicyError(DeepResearchError):
    fault = "policy"
    reason = "policy"


class MalformedCall(PolicyError):
    reason = "malformed_call"


class UnknownTool(PolicyError):
    reason = "unknown_tool"


class BadArguments(PolicyError):
    reason = "bad_arguments"


class Denied(PolicyError):
    reason = "denied"


class NoAnswer(PolicyError):
    reason = "no_answer"


class ToolFailed(PolicyError):
    reason = "tool_failed"


class WorldError(DeepResearchError):
    fault = "world"
    reason = "world"


class SearchFailed(WorldError):
    reason = "search_failed"

    def __init__(self, message: str, hint: str = "", outcome: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, hint)
        self.outcome = outcome
        """key_refused, out_of_quota, rate_limited, unreachable, refused, not_understood; empty where several failed."""
        self.retry_after = retry_after
        """Seconds that the provider asks to wait."""


class FetchFailed(WorldError):
    """`outcome` names what happened to the page; docs/web.md lists the values."""

    reason = "fetch_failed"

    def __init__(self, message: str, hint: str = "", *, outcome: str = "failed") -> None:
        super().__init__(message, hint)
        self.outcome = outcome


class ProcessFailed(WorldError):
    reason = "process"


class ModelError(WorldError):
    reason = "model"
    exit_code = 2


class ModelUnreachable(ModelError):
    reason = "model_unreachable"


class RateLimited(ModelError):
    reason = "rate_limited"


class KeyRefused(ModelError):
    reason = "key_refused"


class UnknownModel(ModelError):
    reason = "unknown_model"


class NoToolCalling(ModelError):
    reason = "no_tool_calling"


class NotAnEndpoint(ModelError):
    reason = "not_an_endpoint"


class RequestRefused(ModelError):
    reason = "request_refused"


class ContextOverflow(ModelError):
    reason = "context_overflow"

    def __init__(self, message: str, hint: str = "", limit: int | None = None) -> None:
        super().__init__(message, hint)
        self.limit = limit
        """Tokens of the whole context, prompt and reply, where the server names them."""


class ContentFiltered(ModelError):
    reason = "content_filtered"


class BrokenReply(ModelError):
    reason = "broken_reply"


class InternalError(DeepResearchError):
    pass


class JournalDamaged(InternalError):
    reason = "journal_damaged"
    exit_code = 2


def error_named(reason: str) -> type[DeepResearchError]:
    """The class whose `reason` that is; DeepResearchError for a word that this version does not know."""
    classes = [cls for cls in globals().values() if isinstance(cls, type) and issubclass(cls, DeepResearchError)]
    return next((cls for cls in classes if cls.reason == reason), DeepResearchError)
