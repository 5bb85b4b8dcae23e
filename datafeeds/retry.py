"""How long to go on asking a source that fails: waiting times, the source's own wish first."""

import asyncio
import contextlib
import email.utils
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from datafeeds.errors import SourceError, TemporaryError

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class RetryPolicy:
    """When to give up.

    Attributes
    ----------
    attempts
        Failures in a row after which a request is given up. *Assumption*: eight, two to three minutes in all.
    first_seconds, longest_seconds
        Bounds of the random exponential waits (full jitter), after the first failure and at most.
    longest_wish_seconds
        The longest wait asked for by a source (``Retry-After``) that is granted; a longer one ends the download.
    sleep
        What waits; tests pass one that does not.
    """

    attempts: int = 8
    first_seconds: float = 1.0
    longest_seconds: float = 60.0
    longest_wish_seconds: float = 900.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


async def retry(action: Callable[[], Awaitable[Answer]], patience: RetryPolicy) -> Answer:
    """Await `action` until it succeeds.

    Raises
    ------
    SourceError
        What `action` raised last, after `attempts` temporary errors, or at once where waiting cannot cure it.
    """
    jitter = wait_random_exponential(multiplier=patience.first_seconds, max=patience.longest_seconds)

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        wish = getattr(error, "retry_after_seconds", None)
        if wish is None:
            return jitter(state)
        if wish > patience.longest_wish_seconds:
            raise SourceError(f"{error}; it asks to wait {wish:,.0f} s: run the same command again then") from None
        return max(float(wish), 0.0) + jitter(state) * 0.1

    retrying = AsyncRetrying(
        stop=stop_after_attempt(patience.attempts),
        wait=wait,
        retry=retry_if_exception_type(TemporaryError),
        sleep=patience.sleep,
        reraise=True,
    )

    async def attempt() -> Answer:  # tenacity awaits coroutine functions only
        return await action()

    return await retrying(attempt)


def wish_seconds(headers: Mapping[str, str], body: str) -> float | None:
    """Return how long the venue asks to wait: ``Retry-After`` in seconds or as a date, or Binance's ``banned until``."""
    asked = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", asked):
        return float(asked)
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        return max(email.utils.parsedate_to_datetime(asked).timestamp() - time.time(), 0.0)
    banned = re.search(r"banned until (\d{13})\b", body[:1000])
    return max(int(banned[1]) / 1000.0 - time.time(), 0.0) if banned else None
