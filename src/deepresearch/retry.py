"""Retries where they can help: one schedule of waits and one reading of Retry-After for the whole project.

An attempt raises `Retryable` where the next one may succeed; any other exception ends the attempts at once. The
waits grow and vary a little, and a wait that the server names takes their place. stamina keeps the schedule and calls
its hooks for every retry, so that the command line can report it.
"""

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

from .errors import DeepResearchError

if TYPE_CHECKING:
    import stamina

LONGEST_WAIT = 60.0
"""Longest wait between two attempts, seconds; a server that asks for more is asked again after this."""

T = TypeVar("T")


class Schedule(Protocol):
    """The attempts of one task, for `for` and for `async for`."""

    def __iter__(self) -> "Iterator[stamina.Attempt]": ...

    def __aiter__(self) -> "AsyncIterator[stamina.Attempt]": ...


class Retryable(Exception):
    """A failure after which another attempt may succeed."""

    def __init__(self, error: DeepResearchError, wait: float | None = None) -> None:
        """error: what is raised if this was the last attempt. wait: seconds that the server asks for, where it does."""
        super().__init__(str(error))
        self.error = error
        self.wait = wait


def schedule(
    attempts: int,
    wait: float,
    *,
    longest: float = LONGEST_WAIT,
    may_repeat: Callable[[Retryable], bool] = lambda failure: True,
) -> Schedule:
    """The attempts themselves, to be iterated with `for` or `async for`, each entered with `with`.

    attempts: the first one included. wait: seconds before the second one, doubled with each further one.
    longest: limit of every wait, also of those that servers name. may_repeat: a last word on each failure.
    The last attempt's Retryable is raised.
    """
    import stamina  # noqa: PLC0415  a tenth of a second that only those pay who ask a server

    def decide(error: Exception) -> bool | float:
        if not isinstance(error, Retryable) or not may_repeat(error):
            return False
        return True if error.wait is None else min(error.wait, longest)

    return stamina.retry_context(
        on=decide, attempts=attempts, timeout=None, wait_initial=wait, wait_max=longest, wait_jitter=wait / 2
    )


async def aretry(attempt: Callable[[], Awaitable[T]], attempts: int, wait: float) -> T:
    """What `attempt` returns. Raises what it raises; for Retryable, its error once the attempts are used up."""
    number = 0
    try:
        async for context in schedule(attempts, wait):
            with context:
                number = context.num
                return await attempt()
    except Retryable as failure:
        raise _last(failure, number) from failure.__cause__
    raise AssertionError("the last attempt returns or raises")


def retry(attempt: Callable[[], T], attempts: int, wait: float) -> T:
    """`aretry` for a function that blocks."""
    number = 0
    try:
        for context in schedule(attempts, wait):
            with context:
                number = context.num
                return attempt()
    except Retryable as failure:
        raise _last(failure, number) from failure.__cause__
    raise AssertionError("the last attempt returns or raises")


def _last(failure: Retryable, number: int) -> DeepResearchError:
    if number > 1:
        failure.error.message += f" (Attempt {number} of {number}.)"
    return failure.error


def retry_after(header: str) -> float | None:
    """Seconds to wait by a Retry-After header, which has seconds or an HTTP date; None where it has neither."""
    header = header.strip()
    try:
        seconds = float(header)
    except ValueError:
        try:
            at = parsedate_to_datetime(header)
        except (ValueError, TypeError, OverflowError):
            return None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        seconds = (at - datetime.now(UTC)).total_seconds()
    return max(seconds, 0.0) if math.isfinite(seconds) else None
