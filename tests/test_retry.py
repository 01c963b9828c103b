import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from deepresearch.errors import ModelUnreachable
from deepresearch.retry import Retryable, aretry, retry, retry_after, schedule


def failing(times: int, wait: float | None = None) -> tuple[list[int], Callable[[], str]]:
    calls: list[int] = []

    def attempt() -> str:
        calls.append(len(calls))
        if len(calls) <= times:
            raise Retryable(ModelUnreachable("It is down."), wait)
        return "done"

    return calls, attempt


def test_attempts_until_one_succeeds() -> None:
    calls, attempt = failing(2)
    assert retry(attempt, attempts=3, wait=0.001) == "done"
    assert len(calls) == 3


async def test_the_last_failure_is_its_error_with_the_number_of_attempts() -> None:
    calls, attempt = failing(9)

    async def ask() -> str:
        return attempt()

    with pytest.raises(ModelUnreachable, match=r"It is down\. \(Attempt 3 of 3\.\)"):
        await aretry(ask, attempts=3, wait=0.001)
    assert len(calls) == 3


def test_a_single_attempt_is_not_counted_in_the_message() -> None:
    with pytest.raises(ModelUnreachable) as caught:
        retry(failing(9)[1], attempts=1, wait=0.001)
    assert "Attempt" not in str(caught.value)


def test_other_errors_end_the_attempts() -> None:
    calls = []

    def attempt() -> None:
        calls.append(1)
        raise KeyError("x")

    with pytest.raises(KeyError):
        retry(attempt, attempts=3, wait=0.001)
    assert len(calls) == 1


def test_the_server_names_the_wait_up_to_the_longest() -> None:
    begin = time.monotonic()
    with pytest.raises(Retryable):
        for attempt in schedule(2, 0.001, longest=0.2):
            with attempt:
                raise Retryable(ModelUnreachable("x"), wait=3_600)
    assert 0.2 <= time.monotonic() - begin < 2


def test_may_repeat_has_the_last_word() -> None:
    calls = []
    with pytest.raises(Retryable):
        for attempt in schedule(5, 0.001, may_repeat=lambda failure: failure.wait is None):
            with attempt:
                calls.append(1)
                raise Retryable(ModelUnreachable("x"), wait=0.0 if len(calls) == 2 else None)
    assert len(calls) == 2


def test_retry_after() -> None:
    now = datetime.now(UTC)
    assert retry_after(" 7 ") == 7
    assert retry_after("-1") == 0
    assert retry_after("86400") == 86_400
    assert 25 < (retry_after(format_datetime(now + timedelta(seconds=30), usegmt=True)) or 0) <= 30
    assert retry_after(format_datetime(now - timedelta(days=1), usegmt=True)) == 0
    assert retry_after("") is retry_after("soon") is retry_after("nan") is retry_after("inf") is None
