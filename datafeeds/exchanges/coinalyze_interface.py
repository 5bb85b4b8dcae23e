"""Coinalyze in the form of ccxt, which does not know it: addresses, the key's header, and the contracts of one exchange.

Source: api.coinalyze.net/v1/doc. Each symbol counts as a request by itself, so each is asked for by itself.
"""

from email.utils import parsedate_to_datetime
from typing import Any

from ccxt.async_support.base.exchange import Exchange
from ccxt.base.types import Entry

from datafeeds.errors import MarketError, ReplyError

_API = ["public"]


class Coinalyze(Exchange):  # type: ignore[misc] # ccxt has no types
    """Use with the options ``apiKey`` and ``{"exchange": "binance"}``, the name in small letters, without what follows a dot."""

    publicGetExchanges = Entry("exchanges", _API, "GET", {"cost": 1})  # noqa: N815 - ccxt's form
    publicGetFutureMarkets = Entry("future-markets", _API, "GET", {"cost": 1})  # noqa: N815
    publicGetOhlcvHistory = Entry("ohlcv-history", _API, "GET", {"cost": 1})  # noqa: N815
    publicGetOpenInterestHistory = Entry("open-interest-history", _API, "GET", {"cost": 1})  # noqa: N815
    publicGetLiquidationHistory = Entry("liquidation-history", _API, "GET", {"cost": 1})  # noqa: N815

    def describe(self) -> Any:
        """Return ccxt's description of it."""
        own = {"id": "coinalyze", "urls": {"api": {"public": "https://api.coinalyze.net/v1"}}}
        return self.deep_extend(super().describe(), own)

    def sign(
        self, path: Any, api: Any = "public", method: Any = "GET", params: Any = None, headers: Any = None, body: Any = None
    ) -> Any:  # fmt: skip
        """Return a request with the key in its header, where no address shows it."""
        query = f"?{self.urlencode(params)}" if params else ""
        url = f"{self.urls['api']['public']}/{path}{query}"
        return {"url": url, "method": method, "body": body, "headers": {"api_key": self.apiKey}}

    async def fetch_time(self, params: Any = None) -> int:
        """Return the time of a reply, to the second: there is no clock to ask. The exchanges that it lists are kept."""
        listed = await self.publicGetExchanges()
        codes = {str(one["name"]).lower().partition(".")[0]: one["code"] for one in listed}
        if not codes:
            raise ReplyError("coinalyze lists no exchanges")
        self.options["codes"] = codes
        return int(parsedate_to_datetime(self.last_response_headers["Date"]).timestamp() * 1000)

    async def fetch_markets(self, params: Any = None) -> list[dict[str, Any]]:
        """Return the exchange's perpetuals that are settled in a stable coin and counted in base coin."""
        if "codes" not in self.options:
            await self.fetch_time()
        name, codes = self.options["exchange"], self.options["codes"]
        if name not in codes:
            raise MarketError(f"coinalyze knows no exchange {name[:40]!r}; it has {', '.join(sorted(codes))}")
        wanted = {
            "exchange": codes[name],
            "is_perpetual": True,
            "margined": "STABLE",
            "oi_lq_vol_denominated_in": "BASE_ASSET",
        }
        listed = await self.publicGetFutureMarkets()
        return [_market(row) for row in listed if all(row[key] == value for key, value in wanted.items())]


def _market(row: dict[str, Any]) -> dict[str, Any]:
    base, quote = str(row["base_asset"]), str(row["quote_asset"])
    known = {"base": base, "quote": quote, "settle": quote, "contractSize": 1.0, "spot": False, "swap": True}
    return {"id": row["symbol"], "symbol": f"{base}/{quote}:{quote}", **known, "info": row}
