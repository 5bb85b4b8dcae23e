"""Words and figures that the forms of a report share, and the rules that keep outside text text."""

import math

_NEUTRAL = str.maketrans({"<": "(", "|": "/", "`": "'", "[": "(", "]": ")"})


def usd(value: float) -> str:
    """Return a sum with two digits and its scale.

    Examples
    --------
    >>> usd(12_345_678.0), usd(12.3), usd(float("nan"))
    ('12.35 M USD', '12.30 USD', 'unknown')
    """
    if math.isnan(value):
        return "unknown"
    for scale, name in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= scale:
            return f"{value / scale:,.2f} {name} USD"
    return f"{value:,.2f} USD"


def price(value: float) -> str:
    """Return a price in quote per base: two decimals, and more for coins worth less than a few units of quote.

    Examples
    --------
    >>> price(64123.456), price(0.012345678)
    ('64,123.46', '0.012346')
    """
    if math.isnan(value):
        return "unknown"
    return f"{value:,.2f}" if value >= 10.0 else f"{value:.5g}"


def share(fraction: float, shape: str = ".0%") -> str:
    """Return a fraction as percent; a dash where it is not defined.

    Examples
    --------
    >>> share(0.125, ".1%"), share(float("nan"))
    ('12.5%', '-')
    """
    return "-" if math.isnan(fraction) else format(fraction, shape)


def minute(iso: str) -> str:
    """Return an ISO time to the minute, for people.

    Examples
    --------
    >>> minute("2024-08-05T12:00:00Z")
    '2024-08-05T12:00 UTC'
    """
    return f"{iso[:16]} UTC"


def name(text: str) -> str:
    """Keep an outside name from being read as markup or as a terminal's command.

    Examples
    --------
    >>> name("<b>[x](y)")
    '_b__x__y_'
    """
    return "".join(c if c.isalnum() or c in " ._:/-" else "_" for c in text)


def sentence(text: str) -> str:
    r"""Keep a sentence readable, but without what Markdown, HTML or a terminal would act on, and on one line.

    Examples
    --------
    >>> sentence("a <b>\n[c] \x1b[31m")
    'a (b> (c) (31m'
    """
    plain = "".join(c for c in text.translate(_NEUTRAL) if c.isprintable() or c.isspace())
    return " ".join(plain.split())
