"""How long to go on asking a source that fails: waiting times, the source's own wish first."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from datafeeds.errors import SourceError, TemporaryError

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Patience:
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


async def patiently(action: Callable[[], Awaitable[Answer]], patience: Patience) -> Answer:
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
    return await retrying(action)
