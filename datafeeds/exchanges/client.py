"""One venue's interface through ccxt: it signs, throttles and knows the contracts; errors become ours."""

import asyncio
import contextlib
import functools
import json
import logging
import re
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import ccxt.async_support as ccxt
from ccxt.base.types import Entry

from datafeeds.errors import MarketError, ReplyError, SourceError, TemporaryError
from datafeeds.exchanges.coinalyze_interface import Coinalyze
from datafeeds.exchanges.contract import Contract, check_symbol, interface_of
from datafeeds.exchanges.limits import PACED, Pace, spending
from datafeeds.exchanges.secrets import coinalyze_key, keys_of, redacted
from datafeeds.exchanges.session import bounded_session
from datafeeds.retry import RetryPolicy, retry, wish_seconds

_CLASSES = {"binance": "binanceusdm"} | {
    name: name for name in ("bybit", "okx", "gate", "hyperliquid", "bitfinex", "deribit", "dydx", "coinalyze")
}
_MARKETS = {"binance": ["linear"]}  # the others': swaps
_FURTHER = {
    "okx": {"publicGetPublicLiquidationOrders": Entry("public/liquidation-orders", ["public"], "GET", {"cost": 0.5})}
}
"""Endpoints that ccxt does not know; OKX's allows 40 requests in 2 s, in ccxt's units half a request."""

_SLOWER_MS = {"bitfinex": 25_000}
"""Between two requests, where ccxt's limit is not the endpoint's: Bitfinex's liquidations answer 429 sooner, as users measured."""

_LISTS_WITHOUT_IT = 4  # lists of contracts that must lack a symbol before it is called unknown, less one
_FIRST_ATTEMPTS = 4  # some seconds
_FOR_GOOD = (401, 404, 405, 451)  # statuses that no waiting changes; 403 is a ban for some minutes at several venues
_TIMEOUT_SECONDS = 20.0  # assumption: ccxt's is 10 s, too short for the largest pages over a slow line


class Client:
    """A venue's interface; use it as ``async with connect(...) as client``."""

    def __init__(self, venue: str, exchange: Any, patience: RetryPolicy) -> None:
        self.venue = venue
        self._exchange, self._patience = exchange, patience
        self._loading = asyncio.Lock()  # several series ask at once; one load serves them
        self._found: dict[str, dict[str, Any]] = {}
        self._clock: tuple[int, float] | None = None  # what it told, and this machine's seconds then

    async def ask(self, endpoint: str, parameters: Mapping[str, Any]) -> Any:
        """Return the reply of one of ccxt's endpoints, once; errors are `SourceError`s."""
        return await _translated(self.venue, getattr(self._exchange, endpoint)(dict(parameters)))

    async def reach(self) -> None:
        """Make sure that the venue can be reached at all, with little patience: without network nothing is gained by waiting.

        Raises
        ------
        SourceError
            If it cannot.
        """
        await self._set_clock(replace(self._patience, attempts=_FIRST_ATTEMPTS))

    async def now_ms(self) -> int:
        """Return the venue's clock, milliseconds since 1970: this machine's may be wrong, and would call open bars closed.

        It is asked for once, and goes on with this machine's, by whole minutes: a short download knows one present.
        """
        if self._clock is None:
            await self._set_clock(self._patience)
        assert self._clock is not None
        told_ms, at_seconds = self._clock
        return told_ms + int((time.monotonic() - at_seconds) // 60.0) * 60_000

    async def _set_clock(self, patience: RetryPolicy) -> None:
        async def once() -> int:
            now = await _translated(self.venue, self._exchange.fetch_time())
            if not isinstance(now, int) or now <= 0:
                raise ReplyError(f"{self.venue} does not tell its time")
            return now

        told_ms = await retry(once, patience)
        self._clock = told_ms, time.monotonic()

    async def contract(self, symbol: str) -> Contract:
        """Return what the venue says of a symbol.

        Raises
        ------
        MarketError
            If it has no such perpetual.
        """
        check_symbol(self.venue, symbol)
        market = await self._market(symbol)
        if market is None:
            markets = self._exchange.markets or {}
            perpetuals = sorted(name for name, known in markets.items() if known.get("swap"))
            base = symbol.partition("/")[0].upper()
            near = [name for name in perpetuals if name.partition("/")[0] == base] or perpetuals
            raise MarketError(f"{self.venue} has no perpetual {symbol[:40]!r}; it has {', '.join(near[:5])}")
        if self.venue == "hyperliquid" and market["info"].get("collateralToken") not in (None, 0, "0"):
            raise MarketError(f"{symbol[:40]} is settled in another coin than USDC, which is not read")
        return Contract(
            venue=self.venue,
            symbol=symbol,
            id=str(market.get("baseName") or market["id"]) if self.venue == "hyperliquid" else str(market["id"]),
            settle=str(market["settle"]).lower(),
            size=float(market["contractSize"] or 1.0),
            inverse=market["settle"] == market["base"],  # ccxt's own word hangs on a field that some replies lack
            listed_ms=market.get("created"),
        )

    async def _market(self, symbol: str) -> dict[str, Any] | None:
        """Return ccxt's market of a symbol; None once the venue has several times listed its contracts without it."""
        async with self._loading:
            for _ in range(_LISTS_WITHOUT_IT):
                known = self._exchange.markets or {}
                market = self._found.get(symbol) or known.get(symbol) or known.get(_capitals(symbol))
                if market is not None and market.get("swap"):
                    self._found[symbol] = market
                    return market
                await retry(functools.partial(self._load_markets, symbol), self._patience)
        return None

    async def _load_markets(self, symbol: str) -> None:
        # only contracts settled as this one is: the others would be a request more, and another one to fail
        base, settle = symbol.partition("/")[0], symbol.rpartition(":")[2]
        types = (
            ["inverse" if base == settle else "linear"] if self.venue == "bybit" else _MARKETS.get(self.venue, ["swap"])
        )
        self._exchange.options["fetchMarkets"] = {"types": types}
        if self.venue == "hyperliquid" and "-" in _capitals(base):
            self._exchange.options["fetchMarkets"] = await self._builders_markets(
                _capitals(base).partition("-")[0].lower()
            )
        if self.venue == "gate":
            self._exchange.options["swap"] = {"fetchMarkets": {"settlementCurrencies": [settle.lower()]}}
        await _translated(self.venue, self._exchange.load_markets(True))
        if not self._exchange.markets:
            raise ReplyError(f"{self.venue} lists no contracts")

    async def _builders_markets(self, builder: str) -> dict[str, Any]:
        """Return how ccxt is asked for one builder's markets on Hyperliquid, such as XYZ-TSLA/USDC:USDC."""
        listed = await self.ask("publicPostInfo", {"type": "perpDexs"})
        known = [str(one["name"]) for one in listed if isinstance(one, dict) and "name" in one] if listed else []
        if builder not in known:
            raise MarketError(f"hyperliquid has no builder {builder[:20]!r}; it has {', '.join(known[:10]) or 'none'}")
        return {"types": ["hip3"], "hip3": {"dexes": [builder]}}

    async def terms(self, symbol: str) -> dict[str, Any]:
        """Return what ccxt knows of a contract besides its tiers, as `datafeeds.catalog.terms` keeps it; None where it does not.

        Fees are those that ccxt lists, of a regular user.

        Raises
        ------
        MarketError
            If the venue has no such perpetual.
        """
        contract = await self.contract(symbol)
        market = await self._market(symbol) or {}
        precision, smallest = market.get("precision") or {}, (market.get("limits") or {}).get("cost") or {}
        step = precision.get("amount")
        return {
            "venue": self.venue,
            "symbol": symbol,
            "taker_fee_bps": _basis_points(market.get("taker")),
            "maker_fee_bps": _basis_points(market.get("maker")),
            "price_tick": precision.get("price"),
            "contract_step": None if step is None or contract.inverse else round(step * contract.size, 12),
            "smallest_notional": smallest.get("min"),
            "contract_size": contract.size,
        }

    async def leverage_tiers(self, symbol: str) -> list[dict[str, Any]]:
        """Return ccxt's unified leverage tiers of a symbol.

        Raises
        ------
        MarketError
            If the venue has no such perpetual, does not tell its tiers, or tells them to account holders only.
        """
        exchange = self._exchange
        if self.venue == "binance" and not exchange.apiKey:
            raise MarketError(
                "binance tells leverage tiers to account holders only: set LIQUIDATION_HEATMAP_BINANCE_KEY and _SECRET"
            )
        if self.venue != "binance" and exchange.has["fetchMarketLeverageTiers"] is not True:
            raise MarketError(f"{self.venue} does not tell leverage tiers")
        await self.contract(symbol)

        async def once() -> list[dict[str, Any]]:
            if self.venue == "binance":
                return list((await _translated(self.venue, exchange.fetch_leverage_tiers([symbol])))[symbol])
            return list(await _translated(self.venue, exchange.fetch_market_leverage_tiers(symbol)))

        return await retry(once, self._patience)


@contextlib.asynccontextmanager
async def connect(
    venue: str, patience: RetryPolicy | None = None, url: str | None = None, pace: Pace | None = None
) -> AsyncIterator[Client]:
    """Open a venue's interface.

    Parameters
    ----------
    venue
        binance (USD-M), bybit, okx, gate, hyperliquid, bitfinex, deribit, dydx, or an exchange by Coinalyze (coinalyze-binance).
    patience
        How long to go on after failures.
    url
        Another host that speaks the venue's format: a mirror or a proxy.
    pace
        One that other connections share, where a limit is the user's and not the venue's.

    Raises
    ------
    MarketError
        For an unknown venue, or one that asks for a key which the environment lacks.
    """
    interface = interface_of(venue)
    if interface not in _CLASSES:
        raise MarketError(f"unknown venue {venue!r}: {', '.join(_CLASSES)}")
    ours = interface in PACED
    settings: dict[str, Any] = {"enableRateLimit": url is None and not ours, "timeout": _TIMEOUT_SECONDS * 1000}
    if venue in _SLOWER_MS:
        settings["rateLimit"] = _SLOWER_MS[venue]
    if interface == "coinalyze":
        settings |= {"apiKey": coinalyze_key(), "options": {"exchange": venue.partition("-")[2]}}
    elif keys := keys_of(venue):
        settings |= {"apiKey": keys[0], "secret": keys[1]}
    exchange = _listening(_CLASSES[interface])(settings)
    exchange.spend = (
        functools.partial(_spend, interface, pace or Pace()) if ours and not _is_here(url) else _spend_nothing
    )
    exchange.has["fetchCurrencies"] = False  # a list of coins and their networks, for nothing we need
    exchange.logger = logging.Logger("silent", logging.CRITICAL + 1)  # at DEBUG level ccxt logs headers, keys included
    exchange.timeout_on_exit = 0
    if url:
        exchange.urls["api"] = _pointed(exchange.urls["api"], url.rstrip("/"))
    async with bounded_session() as session:
        exchange.session, exchange.own_session = session, False
        try:
            yield Client(venue, exchange, patience or RetryPolicy())
        finally:
            await exchange.close()


async def _spend(venue: str, pace: Pace, url: str, body: Any) -> None:
    """Wait until a venue's limits allow a request."""
    parts = urlsplit(url)
    parameters = json.loads(body) if body else dict(parse_qsl(parts.query))
    await pace.wait(spending(venue, parts.path, parameters))


async def _spend_nothing(url: str, body: Any) -> None:
    """Let a request go at once."""


def _is_here(url: str | None) -> bool:
    """Return whether an address is on this machine: what stands there has limits of its own, if any."""
    return url is not None and urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")


def _capitals(symbol: str) -> str:
    """Return a symbol as ccxt writes Hyperliquid's: ``kPEPE`` is KPEPE, ``xyz:TSLA`` is XYZ-TSLA."""
    base, slash, quoted = symbol.partition("/")
    return base.replace(":", "-").upper() + slash + quoted


def _basis_points(fraction: float | None) -> float | None:
    return None if fraction is None else round(fraction * 1e4, 9)


def _pointed(urls: Any, host: str) -> Any:
    if isinstance(urls, dict):
        return {name: _pointed(value, host) for name, value in urls.items()}
    return re.sub(r"^https?://[^/]+", host, urls) if isinstance(urls, str) else urls


@functools.cache
def _listening(name: str) -> type:
    """Return ccxt's class, with errors translated where status and headers are still known."""
    base = Coinalyze if name == "coinalyze" else getattr(ccxt, name)

    async def fetch(self: Any, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        await self.spend(url, body)
        return await base.fetch(self, url, method, headers, body)

    def handle_errors(
        self: Any, code: int, reason: str, url: str, method: str, headers: Any, body: str, reply: Any, *sent: Any
    ) -> None:
        wish = wish_seconds(headers or {}, body)
        try:
            base.handle_errors(self, code, reason, url, method, headers, body, reply, *sent)
            self.handle_http_status_code(code, reason, url, method, body)
        except ccxt.BaseError as error:
            raise _ours(self.id, error, code, body, wish) from None
        except Exception:  # a reply of a shape that ccxt's own checks do not expect
            raise ReplyError(f"{self.id}: damaged reply to {method} {_path(url)}: {_short(body)}") from None
        if reply is None:
            raise ReplyError(f"{self.id}: {_path(url)} answered no JSON (status {code}): {_short(body)}", wish)

    own = {"fetch_time": _CLOCKS[name]} if name in _CLOCKS else {}
    return type(
        f"Listening{name}", (base,), {"handle_errors": handle_errors, "fetch": fetch, **own, **_FURTHER.get(name, {})}
    )


async def _bitfinex_time(self: Any, params: Any = None) -> int:
    """Return the time of a reply, to the second: the venue has no clock to ask."""
    await self.publicGetPlatformStatus()
    return int(parsedate_to_datetime(self.last_response_headers["Date"]).timestamp() * 1000)


async def _dydx_time(self: Any, params: Any = None) -> int:
    """Return the venue's seconds as milliseconds: ccxt returns them as they are."""
    return int(float((await self.indexerGetTime())["epoch"]) * 1000)


_CLOCKS = {"bitfinex": _bitfinex_time, "dydx": _dydx_time}


async def _translated(venue: str, waiting: Any) -> Any:
    try:
        return await waiting
    except (MarketError, SourceError):
        raise
    except (ccxt.BadSymbol, ccxt.ArgumentsRequired, ccxt.NotSupported) as error:
        raise SourceError(f"{venue}: {_short(str(error))}") from None
    except (ccxt.NetworkError, OSError) as error:
        raise TemporaryError(f"{venue} cannot be reached ({_cause(error)})") from None
    except ccxt.BaseError as error:  # raised before a status was known: a payload that broke off, for one
        raise TemporaryError(f"{venue}: {_cause(error)}") from None
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise ReplyError(f"{venue}: damaged reply ({type(error).__name__})") from None


def _ours(name: str, error: Exception, code: int, body: str, wish: float | None) -> SourceError:
    hint = " (venues shut out some countries)" if code in (403, 451) else ""
    text = f"{name} answered {code}: {_short(body)}{hint}"
    if isinstance(error, (ccxt.RateLimitExceeded, ccxt.DDoSProtection)) or code in (418, 429):
        return TemporaryError(text, wish)
    if code in _FOR_GOOD or (isinstance(error, ccxt.AuthenticationError) and code != 403):
        return SourceError(text)
    if isinstance(error, (ccxt.BadRequest, ccxt.BadSymbol, ccxt.NotSupported)) and not isinstance(
        error, ccxt.NetworkError
    ):
        return SourceError(text)
    return TemporaryError(text, wish)


def _path(url: str) -> str:
    return re.sub(r"^https?://[^/]+", "", url).partition("?")[0][:80]


def _short(text: str) -> str:
    """Return a reply's beginning in one line, without addresses (their query may be signed) and secrets."""
    plain = re.sub(r"https?://\S+|<[^>]{0,200}>", " ", redacted(text[:2000]))
    return " ".join("".join(letter if letter.isprintable() else " " for letter in plain).split())[:100] or "nothing"


def _cause(error: BaseException) -> str:
    """Return what broke, from the innermost cause: the outer ones only name the address."""
    inner = error.__cause__ or error.__context__
    named = inner if inner is not None else error
    return _short(str(named) or type(named).__name__)
