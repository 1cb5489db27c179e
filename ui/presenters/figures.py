"""Money and mass as text, from integers, in the way of a language. Never through a float."""

from __future__ import annotations

from dataclasses import dataclass

from cart.contract.screen import Snapshot
from ui.texts import Words, mark

SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
MINUS = "−"
RATES = {
    "kg": mark("{price} / kg"),
    "lb": mark("{price} / lb"),
    "l": mark("{price} / l"),
    "piece": mark("{price} a piece"),
}
NO_BREAK = "\u00a0"
GRAM_MG = 1_000
POUND_MG_HUNDREDTHS = 45_359_237


@dataclass(frozen=True)
class Style:
    """How a language writes figures. `money` places {symbol} and {amount}; {code} is for
    currencies without a symbol of their own."""

    decimal: str
    group: str
    money: str
    money_by_code: str


STYLES = {
    "en": Style(".", ",", "{symbol}{amount}", "{symbol}" + NO_BREAK + "{amount}"),
    "de": Style(",", ".", "{amount}" + NO_BREAK + "{symbol}", "{amount}" + NO_BREAK + "{symbol}"),
}


def fixed(value: int, digits: int, style: Style) -> str:
    """A whole number of 10**-digits, without its sign: 123456, 2 -> "1,234.56"."""
    whole, part = divmod(abs(value), 10**digits)
    grouped = f"{whole:,}".replace(",", style.group)
    return f"{grouped}{style.decimal}{part:0{digits}}" if digits else grouped


@dataclass(frozen=True)
class Figures:
    """Writes the figures of one snapshot: its currency in the language of `words`."""

    words: Words
    currency: str
    digits: int

    @property
    def _style(self) -> Style:
        return STYLES[self.words.language]

    def money(self, minor: int) -> str:
        """Minor units as a price: 119 -> "$1.19"; below zero with a minus in front."""
        style = self._style
        symbol = SYMBOLS.get(self.currency)
        text = (style.money if symbol else style.money_by_code).format(
            symbol=symbol or self.currency, amount=fixed(minor, self.digits, style)
        )
        return MINUS + text if minor < 0 else text

    def money_per(self, unit: str, minor: int) -> str:
        """A price for a unit of measure: "kg", "lb", "l" or "piece"."""
        return self.words.say(RATES[unit], price=self.money(minor))

    def kilograms(self, mass_mg: int) -> str:
        """A mass to the gram, as on a scale: 742000 -> "0.742 kg"."""
        return self._signed(mass_mg, fixed(_grams(mass_mg), 3, self._style) + NO_BREAK + "kg")

    def weight(self, mass_mg: int, unit: str) -> str:
        """A billed mass in the unit of its price, to the thousandth: 500000, "lb" -> "1.102 lb"."""
        if unit == "kg":
            return self.kilograms(mass_mg)
        unit_mg = POUND_MG_HUNDREDTHS
        thousandths = (2 * 100_000 * mass_mg + unit_mg) // (2 * unit_mg)
        return fixed(thousandths, 3, self._style) + NO_BREAK + unit

    def told_weight(self, amount: str, unit: str) -> str:
        """A weight as a label tells it, with its own digits."""
        return amount.replace(".", self._style.decimal) + NO_BREAK + unit

    def mass(self, mass_mg: int) -> str:
        """A mass as people say it: grams below a kilogram, then kilograms."""
        grams = _grams(mass_mg)
        if grams >= 1_000:
            return self.kilograms(mass_mg)
        return self._signed(mass_mg, f"{grams}{NO_BREAK}g")

    def _signed(self, mass_mg: int, text: str) -> str:
        return MINUS + text if mass_mg < 0 and _grams(mass_mg) else text


def _grams(mass_mg: int) -> int:
    """Whole grams without the sign, halves up."""
    return (abs(mass_mg) + GRAM_MG // 2) // GRAM_MG


def figures_of(snapshot: Snapshot, words: Words) -> Figures:
    """The figures of a snapshot."""
    return Figures(words, snapshot.currency, snapshot.currency_digits)
