"""What Hyperliquid says of accounts, after its documentation."""

from typing import Any


def state(number: int, now_ms: int) -> dict[str, Any]:
    """Return the state of the n-th account: every third holds nothing, others a long of BTC, some a short of ETH too."""
    positions = []
    if number % 3:
        positions.append(("BTC", f"{number}.5", 100.0 + number, 120.0, f"{90.0 + number / 10}"))
    if number % 4 == 1:
        positions.append(("ETH", f"-{number}", 20.0, 19.5, None))
    listed = [
        {"type": "oneWay", "position": {"coin": coin, "szi": size, "entryPx": f"{entry}", "leverage": {"type": "cross", "value": 5},
         "positionValue": f"{abs(float(size)) * mark}", "unrealizedPnl": "0.0", "liquidationPx": liquidation,
         "marginUsed": "1.0", "maxLeverage": 40}}
        for coin, size, entry, mark, liquidation in positions
    ]  # fmt: skip
    summary = {
        "accountValue": f"{number * 1000}.5",
        "totalNtlPos": "0.0",
        "totalRawUsd": "0.0",
        "totalMarginUsed": "0.0",
    }
    return {
        "marginSummary": summary,
        "crossMarginSummary": summary,
        "assetPositions": listed,
        "time": now_ms,
        "withdrawable": "0",
    }
