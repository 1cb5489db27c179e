"""How stores number what they weigh and price themselves: restricted circulation numbers.

GS1 leaves the prefixes 02 and 20-29 to each country, and the country often to each chain
(General Specifications 2.1.12). Layouts are data: a market's stand in the table below, a chain's in
its catalog, and a chain's come first. Nothing here knows what an item number means.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from biip.checksums import gs1_price_weight_check_digit, gs1_standard_check_digit

from cart.core.coding.faults import CodeError

# A layout is drawn as the 13 digits it reads: the prefix, I item, C check of the value, V value,
# X the check digit of it all; then what the value is, with its decimals.
_MARKETS = """
DENMARK          DK DKK  21IIIIVVVVVVX price 2
DENMARK          DK DKK  22IIIIVVVVVVX price 2
DENMARK          DK DKK  23IIIIVVVVVVX price 2
DENMARK          DK DKK  24IIIIVVVVVVX price 2
DENMARK          DK DKK  26IIIIVVVVVVX weight 3
DENMARK          DK DKK  27IIIIIVVVVVX weight 3
DENMARK          DK DKK  28IIIIVVVVVVX weight 3
ESTONIA          EE EUR  23IIIIIIVVVVX weight 3
ESTONIA          EE EUR  24IIIIIIVVVVX weight 2
ESTONIA          EE EUR  25IIIIIIVVVVX weight 1
FINLAND          FI EUR  23IIIIIIVVVVX weight 3
FINLAND          FI EUR  24IIIIIIVVVVX weight 2
FINLAND          FI EUR  25IIIIIIVVVVX weight 1
GERMANY          DE EUR  22IIIICVVVVVX price 2
GERMANY          DE EUR  23IIIICVVVVVX price 2
GERMANY          DE EUR  25IIIICVVVVVX count 0
GERMANY          DE EUR  26IIIICVVVVVX count 0
GERMANY          DE EUR  28IIIICVVVVVX weight 3
GERMANY          DE EUR  29IIIICVVVVVX weight 3
GREAT_BRITAIN    GB GBP  20IIIIICVVVVX price 2
LATVIA           LV EUR  23IIIIIIVVVVX weight 3
LATVIA           LV EUR  24IIIIIIVVVVX weight 2
LATVIA           LV EUR  25IIIIIIVVVVX weight 1
LITHUANIA        LT EUR  23IIIIIIVVVVX weight 3
LITHUANIA        LT EUR  24IIIIIIVVVVX weight 2
LITHUANIA        LT EUR  25IIIIIIVVVVX weight 1
NORWAY           NO NOK  20IIIIIIVVVVX price 2
NORWAY           NO NOK  21IIIIIIVVVVX price 1
NORWAY           NO NOK  22IIIIIIVVVVX price 0
NORWAY           NO NOK  23IIIIIIVVVVX weight 3
NORWAY           NO NOK  24IIIIIIVVVVX weight 2
NORWAY           NO NOK  25IIIIIIVVVVX weight 1
SWEDEN           SE SEK  20IIIIIIVVVVX price 2
SWEDEN           SE SEK  21IIIIIIVVVVX price 1
SWEDEN           SE SEK  22IIIIIIVVVVX price 0
SWEDEN           SE SEK  23IIIIIIVVVVX weight 3
SWEDEN           SE SEK  24IIIIIIVVVVX weight 2
SWEDEN           SE SEK  25IIIIIIVVVVX weight 1
USA_4DIGIT_PRICE US USD  02IIIIICVVVVX price 2
USA_5DIGIT_PRICE -  USD  02IIIIIVVVVVX price 2
CANADA           CA CAD  02IIIIICVVVVX price 2
CANADA_5DIGIT_PRICE - CAD 02IIIIIVVVVVX price 2
"""


class Layout(NamedTuple):
    """How the numbers of one prefix read; `drawing` is as in the table above."""

    drawing: str
    kind: str
    decimals: int

    @property
    def prefix(self) -> str:
        """The digits that such a number begins with."""
        return self.drawing.rstrip("ICVX")

    def digits(self, number: str, letter: str) -> str:
        """The digits of a 13-digit number that stand below a letter of the drawing."""
        return "".join(d for d, drawn in zip(number, self.drawing, strict=True) if drawn == letter)


class Market(NamedTuple):
    """A market's currency and layouts."""

    name: str
    currency: str
    layouts: tuple[Layout, ...]


class Label(NamedTuple):
    """What a store's own number says. `value` counts units of 10 to the minus `decimals`."""

    item: str
    kind: str = ""
    value: int = 0
    decimals: int = 0


def market_of(name: str) -> Market:
    """A market by its name or its country, letters in any case. Raises CodeError."""
    market = _markets().get(name.upper())
    if market is None:
        known = ", ".join(_markets())
        raise CodeError(f"no market is called {name!r}; known are {known}")
    return market


@cache
def _markets() -> Mapping[str, Market]:
    markets: dict[str, Market] = {}
    for row in _MARKETS.strip().splitlines():
        name, country, currency, drawing, kind, decimals = row.split()
        layout = Layout(drawing, kind, int(decimals))
        before = markets[name].layouts if name in markets else ()
        market = Market(name, currency, (*before, layout))
        markets |= {name: market} if country == "-" else {name: market, country: market}
    return markets


def is_restricted(number: str) -> bool:
    """Whether a 13-digit number is a country's or a company's own."""
    return number.startswith(("02", "04", "2"))


def layout_of(number: str, layouts: tuple[Layout, ...]) -> Layout | None:
    """The layout with the longest prefix that a 13-digit number begins with."""
    fitting = [layout for layout in layouts if number.startswith(layout.prefix)]
    return max(fitting, key=lambda layout: len(layout.prefix), default=None)


def label_of(number: str, layout: Layout) -> Label:
    """Read a 13-digit number by a layout. The check digit of its value is not verified."""
    value = layout.digits(number, "V")
    return Label(layout.digits(number, "I"), layout.kind, int(value), layout.decimals)


def value_check_fault(number: str, layout: Layout) -> str:
    """What is wrong with the check digit of the value, "" also for a layout without one.

    Source: GS1 General Specifications 7.9.1-7.9.4.
    """
    check, value = layout.digits(number, "C"), layout.digits(number, "V")
    if not check or int(check) == (right := gs1_price_weight_check_digit(value)):
        return ""
    return f"wrong check digit of the {layout.kind}: it should be {right}; scan or type it again"


def key_of(number: str, layout: Layout) -> str:
    """The number with its value set to zero: what a product list has it under."""
    pairs = zip(number, layout.drawing, strict=True)
    body = "".join("0" if drawn in "CV" else digit for digit, drawn in pairs)[:-1]
    return f"{body}{gs1_standard_check_digit(body)}"
