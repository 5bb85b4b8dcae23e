"""How one account's equity is divided among its markets, at each close."""

import hashlib
import importlib
import inspect
from collections.abc import Callable
from pathlib import Path

import numpy as np

Allocation = Callable[[np.ndarray, np.ndarray], np.ndarray]

METHODS = ("equal", "inverse-volatility")
"""Allocations by name; another one is a function's ``package.module:name``."""


def equal(volatility: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return shares in proportion to the weights.

    Parameters
    ----------
    volatility
        (..., k) forecast standard deviation of the log return over 24 hours; NaN where there is none yet.
    weights
        (..., k) of the markets that are traded now; 0 for the others.

    Returns
    -------
    ndarray
        (..., k) shares of equity, each 0 or more, 1 in all; none where no market is traded.
    """
    total = weights.sum(axis=-1, keepdims=True)
    return np.divide(weights, total, out=np.zeros_like(weights), where=total > 0.0)


def inverse_volatility(volatility: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return shares in proportion to weight over volatility; arguments as of `equal`.

    A market without a forecast gets nothing, and what its weight would have stays in cash.
    """
    known = np.where(np.isfinite(volatility) & (volatility > 0.0), weights, 0.0)
    parts = np.divide(known, volatility, out=np.zeros_like(known), where=known > 0.0)
    total, all_weights = parts.sum(axis=-1, keepdims=True), weights.sum(axis=-1, keepdims=True)
    invested = np.divide(
        known.sum(axis=-1, keepdims=True), all_weights, out=np.zeros_like(total), where=all_weights > 0.0
    )
    return np.divide(parts * invested, total, out=np.zeros_like(parts), where=total > 0.0)


def shares_of(method: str, volatility: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return (t, k) shares of equity at each step's close; row t follows from row t of the arguments alone.

    Parameters
    ----------
    method
        One of `METHODS`, or ``package.module:name`` of a pure function as `equal`. That one is called row by row, with (k,) arrays.
    volatility, weights
        (t, k) as of `equal`. A row without any weight gets no shares.

    Raises
    ------
    ValueError
        For a method that is not known, or a function that answers anything but shares of 0 or more that add up to 1 at most.
    """
    if method in METHODS:
        return (equal, inverse_volatility)[METHODS.index(method)](volatility, weights)
    asked, shares = _named(method), np.zeros_like(weights)
    for row in np.flatnonzero(weights.sum(axis=1) > 0.0):
        answer = np.asarray(asked(volatility[row].copy(), weights[row].copy()), dtype=float)
        if answer.shape != weights[row].shape or not (answer >= 0.0).all() or answer.sum() > 1.0 + 1e-9:
            raise ValueError(
                f"allocation {method} answered {answer.tolist()!s:.80} for {weights.shape[1]} markets: it must give each a share "
                "of 0 or more, 1 in all at most"
            )
        shares[row] = np.where(weights[row] > 0.0, answer, 0.0)
    return shares


def allocation_digest(method: str) -> str:
    """Return what decides an allocation: its name, followed for a user's function by the SHA-256 of the file it stands in.

    Raises
    ------
    ValueError
        As `shares_of` for an allocation that is none.
    """
    if method in METHODS:
        return method
    file = inspect.getsourcefile(inspect.unwrap(_named(method)))
    return f"{method} {hashlib.sha256(Path(file).read_bytes() if file else b'').hexdigest()}"


def _named(method: str) -> Allocation:
    module, sign, name = method.partition(":")
    if not sign:
        raise ValueError(f"allocation {method!r} is none of {', '.join(METHODS)}, nor a function's package.module:name")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"allocation {method}: cannot be found ({error})") from None
    if not callable(found):
        raise ValueError(f"allocation {method}: is no function")
    return found  # type: ignore[no-any-return]
