"""Workers on other machines: a Dask distributed cluster that somebody else has started (the extra ``cluster``)."""

import importlib
import ipaddress
import logging
import math
import time
import warnings
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from runs.sweeps.workers.evaluate import CodeDiffersError
from runs.sweeps.workers.work import Context, Unit

_PATIENCE_SECONDS = 8
"""How long a scheduler, and then its first worker, may take to answer (assumption)."""

_COUNT_SECONDS = 2.0
"""How often the workers are counted anew: asking costs as much as a unit."""

_AHEAD = 3
"""Units under way for each worker: enough that none waits for us, few enough to stop at once (assumption)."""


class ClusterError(RuntimeError):
    """The cluster cannot be used, or is gone; one sentence."""


def check_address(address: str, insecure: bool) -> None:
    """Refuse a scheduler that everybody on the way could give orders to.

    Raises
    ------
    ValueError
        For an address that is none, or one that is neither on this machine nor on TLS, unless `insecure`.
    """
    parts = urlsplit(address)
    try:
        named = parts.hostname is not None and parts.port is not None
    except ValueError:
        named = False
    if parts.scheme not in ("tcp", "tls") or not named:
        raise ValueError(f"--cluster {address}: write it as tls://host:port or tcp://host:port")
    if parts.scheme == "tcp" and not insecure and not _is_loopback(str(parts.hostname)):
        raise ValueError(
            f"--cluster {address}: without TLS anyone on the network could run code here and there; use tls:// "
            "(docs/cluster.md), or say --insecure"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Cluster:
    """The workers of a Dask scheduler. The context reaches each of them once, and is made again where it was lost."""

    def __init__(self, context: Context, address: str) -> None:
        """Connect.

        Raises
        ------
        ClusterError
            If Dask is not installed, or no scheduler or no worker answers.
        """
        try:
            distributed: Any = importlib.import_module("distributed")
        except ModuleNotFoundError:
            raise ClusterError("--cluster needs Dask: pip install 'liquidation-heatmap[cluster]'") from None
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is said in one line, by us
        self._context, self._address = context, address
        self._distributed = distributed
        self._client: Any = None
        self._counted = (-math.inf, 1)
        try:
            self._client = distributed.Client(address, timeout=_PATIENCE_SECONDS, set_as_default=False)
            self._client.wait_for_workers(1, timeout=_PATIENCE_SECONDS)
        except (OSError, TimeoutError, ValueError, RuntimeError) as error:
            connected = self._client is not None
            self.close()
            reason = "it has no worker" if connected else " ".join(str(error).split())[:120] or type(error).__name__
            raise ClusterError(f"--cluster {address}: cannot be reached ({reason})") from None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that the context is large: it travels once
            # A task rather than scattered data: the scheduler makes it again when all who held it are gone.
            self._there = self._client.submit(_same, context, key=f"context-{context.market.fingerprint()}-{id(self)}")

    def run(self, units: Iterable[Unit]) -> Iterator[list[Any]]:
        """Yield rows as units are finished; Dask does again what a dead worker held.

        Raises
        ------
        ClusterError
            If the cluster is gone, or its workers run other code.
        """
        fresh = iter(units)
        pending: dict[str, Unit] = {}
        waiting = self._distributed.as_completed(loop=self._client.loop)
        while True:
            while len(pending) < _AHEAD * self.size and (unit := next(fresh, None)) is not None:
                future = self._client.submit(_evaluate, unit, self._there, pure=False, retries=0)
                pending[future.key] = unit
                waiting.add(future)
            if not pending:
                return
            future = next(waiting)
            unit = pending.pop(future.key)
            yield from self._outcome(future, unit)

    def _outcome(self, future: Any, unit: Unit) -> Iterator[list[Any]]:
        try:
            yield future.result()
        except self._distributed.KilledWorker:
            yield from self._one_by_one(unit)
        except CodeDiffersError as error:
            raise ClusterError(f"--cluster {self._address}: {error}") from None
        except (ImportError, AttributeError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and "deserialization" not in str(error):
                raise
            raise ClusterError(
                f"--cluster {self._address}: this code cannot be loaded there ({' '.join(str(error).split())[:60]}): install "
                "the same version on its scheduler and workers"
            ) from None
        except (self._distributed.CancelledError, OSError) as error:
            raise ClusterError(f"--cluster {self._address}: the cluster is gone ({type(error).__name__})") from None

    def _one_by_one(self, unit: Unit) -> Iterator[list[Any]]:
        """Find out which combination kills its workers."""
        for combination in unit:
            future = self._client.submit(_evaluate, (combination,), self._there, pure=False)
            try:
                yield future.result()
            except self._distributed.KilledWorker:
                yield [self._context.failed(combination, "its workers died")]

    @property
    def size(self) -> int:
        """How many workers there are, counted anew now and then."""
        now = time.monotonic()
        if now - self._counted[0] > _COUNT_SECONDS:
            self._counted = (now, max(len(self._client.scheduler_info(n_workers=-1)["workers"]), 1))
        return self._counted[1]

    def close(self) -> None:
        """Leave the cluster; it goes on without us."""
        if self._client is not None:
            self._client.close(timeout=2)
            self._client = None


def _same(context: Context) -> Context:
    return context


def _evaluate(unit: Unit, context: Context) -> list[Any]:
    return context.evaluate(unit)
