"""Money is whole nano-dollars (10⁻⁹ USD); a unit price is whole femto-dollars (10⁻¹⁵ USD) per unit.

One dollar per million tokens is exactly 10⁹ femto-dollars a token, so every published price is a whole number
and the one rounding of a call, half to even, happens when its parts have been added up.
"""

from decimal import Decimal

NANO = 1_000_000_000
FEMTO_PER_NANO = 1_000_000
_CENT = Decimal("0.00995")
"""Less than this is not a cent when it is rounded to cents."""


def usd_to_nano(usd: Decimal | int | str) -> int:
    """Dollars as nano-dollars.

    Raises ValueError when the amount has more than nine decimals: it would have to be rounded.
    """
    nano = Decimal(usd) * NANO
    if nano != nano.to_integral_value():
        raise ValueError(f"{usd} USD has more than nine decimals")
    return int(nano)


def nano_to_usd(nano: int) -> Decimal:
    """Nano-dollars as dollars, exactly."""
    return Decimal(nano).scaleb(-9)


def format_usd(nano: int) -> str:
    """The plain decimal that headers carry: `0.000209250`, never an exponent."""
    if nano < 0:
        return "-" + format_usd(-nano)
    whole, rest = divmod(nano, NANO)
    return f"{whole}.{rest:09}"


def money_words(nano: int) -> str:
    """Nano-dollars as people read them: to the cent, and under a cent to the first two digits that matter."""
    usd = nano_to_usd(nano)
    if usd == 0 or abs(usd) >= _CENT:
        return f"${usd:,.2f}"
    return f"${float(f'{usd:.2g}'):.10f}".rstrip("0")


def femto_to_nano(femto: int) -> int:
    """Round once, half to even."""
    nano, rest = divmod(femto, FEMTO_PER_NANO)
    half = FEMTO_PER_NANO // 2
    return nano + (rest > half or (rest == half and nano % 2 == 1))
