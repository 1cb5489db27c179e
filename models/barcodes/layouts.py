"""How EAN-13/UPC-A, EAN-8 and UPC-E are laid out: patterns, guards, parity plans, check digits.

One row a symbology; the tables follow the GS1 General Specifications, section 5.2. A "plan" is one
legal way to choose the pattern sets of all places (EAN-13 has ten: the leading digit is hidden in
them). It must never know about pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEFT = (
    "0001101", "0011001", "0010011", "0111101", "0100011",
    "0110001", "0101111", "0111011", "0110111", "0001011",
)  # fmt: skip
RIGHT = tuple(bits.translate(str.maketrans("01", "10")) for bits in LEFT)
MIRRORED = tuple(bits[::-1] for bits in RIGHT)
PATTERNS = (*LEFT, *MIRRORED, *RIGHT)
"""The 30 patterns of seven modules; pattern = 10 * set + digit, sets L 0, G 1, R 2."""
DIGIT_MODULES = 7

_EAN13_PARITY = (
    "LLLLLL", "LLGLGG", "LLGGLG", "LLGGGL", "LGLLGG",
    "LGGLLG", "LGGGLL", "LGLGLG", "LGLGGL", "LGGLGL",
)  # fmt: skip
_UPCE_PARITY = (
    "GGGLLL", "GGLGLL", "GGLLGL", "GGLLLG", "GLGGLL",
    "GLLGGL", "GLLLGG", "GLGLGL", "GLGLLG", "GLLGLG",
)  # fmt: skip

Integers = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Layout:
    """A symbology of `places` digits. P plans, n places.

    `sets` (P, n): pattern set of each place; `weights` (P, n) and `constants` (P,): the weighted
    sum of the digits plus the constant must be 0 modulo 10; `last_allowed` (P, 10): digits the last
    place may hold; `code_of(plan, digits)`: the digits as printed; `digits_of(code)`: the plan and
    the digits of a printed code.
    """

    name: str
    modules: int
    guards: str
    starts: tuple[int, ...]
    sets: Integers
    weights: Integers
    constants: Integers
    last_allowed: NDArray[np.bool_]
    code_of: Callable[[int, tuple[int, ...]], str]
    digits_of: Callable[[str], tuple[int, str]]

    @property
    def places(self) -> int:
        """How many digits have a pattern of their own."""
        return len(self.starts)

    def patterns_of(self, code: str) -> tuple[int, ...]:
        """The pattern of each place of a printed code."""
        plan, digits = self.digits_of(code)
        return tuple(
            10 * int(one) + int(digit) for one, digit in zip(self.sets[plan], digits, strict=True)
        )

    def bits(self, patterns: tuple[int, ...]) -> str:
        """The modules of the whole symbol, "1" for a bar, given the pattern of each place."""
        modules = list(self.guards)
        for start, pattern in zip(self.starts, patterns, strict=True):
            modules[start : start + DIGIT_MODULES] = PATTERNS[pattern]
        return "".join(modules)


def _sets(parities: tuple[str, ...]) -> Integers:
    return np.array([["LGR".index(one) for one in parity] for parity in parities])


def _repeated(weights: tuple[int, ...], plans: int) -> Integers:
    return np.tile(np.array(weights), (plans, 1))


def _join(digits: tuple[int, ...]) -> str:
    return "".join(map(str, digits))


def _ean13() -> Layout:
    return Layout(
        name="EAN13",
        modules=95,
        guards="101" + "0" * 42 + "01010" + "0" * 42 + "101",
        starts=(*range(3, 45, 7), *range(50, 92, 7)),
        sets=_sets(tuple(parity + "RRRRRR" for parity in _EAN13_PARITY)),
        weights=_repeated((3, 1) * 6, 10),
        constants=np.arange(10),
        last_allowed=np.ones((10, 10), bool),
        code_of=lambda plan, digits: f"{plan}{_join(digits)}",
        digits_of=lambda code: (int(code[0]), code[1:]),
    )


def _ean8() -> Layout:
    return Layout(
        name="EAN8",
        modules=67,
        guards="101" + "0" * 28 + "01010" + "0" * 28 + "101",
        starts=(*range(3, 31, 7), *range(36, 64, 7)),
        sets=_sets(("LLLLRRRR",)),
        weights=_repeated((3, 1) * 4, 1),
        constants=np.zeros(1, int),
        last_allowed=np.ones((1, 10), bool),
        code_of=lambda _, digits: _join(digits),
        digits_of=lambda code: (0, code),
    )


# How the last of a UPC-E's six digits says where the zeros go (GS1 5.2.3.3): the weights of the six
# in the check sum of the UPC-A they stand for, and the expansion itself.
_UPCE_FORMS = (
    (range(3), (1, 3, 3, 1, 3, 1), "{0}{1}{5}0000{2}{3}{4}"),
    (range(3, 4), (1, 3, 1, 1, 3, 0), "{0}{1}{2}00000{3}{4}"),
    (range(4, 5), (1, 3, 1, 3, 3, 0), "{0}{1}{2}{3}00000{4}"),
    (range(5, 10), (1, 3, 1, 3, 1, 3), "{0}{1}{2}{3}{4}0000{5}"),
)


def _upce_form(last: str) -> int:
    return next(form for form, row in enumerate(_UPCE_FORMS) if int(last) in row[0])


def upca_of(upce: str) -> str:
    """The twelve digits that a UPC-E's eight stand for."""
    expansion = _UPCE_FORMS[_upce_form(upce[6])][2]
    return f"{upce[0]}{expansion.format(*upce[1:7])}{upce[7]}"


def _upce() -> Layout:
    swap = str.maketrans("LG", "GL")
    # Number system 1 mirrors the parity of number system 0.
    parities = (_UPCE_PARITY, tuple(parity.translate(swap) for parity in _UPCE_PARITY))
    rows = [
        (parities[system][check], weights, (3 * system + check) % 10, lasts)
        for system in (0, 1)
        for check in range(10)
        for lasts, weights, _ in _UPCE_FORMS
    ]

    def code_of(plan: int, digits: tuple[int, ...]) -> str:
        return f"{plan // 40}{_join(digits)}{plan // 4 % 10}"

    def digits_of(code: str) -> tuple[int, str]:
        return 40 * int(code[0]) + 4 * int(code[7]) + _upce_form(code[6]), code[1:7]

    return Layout(
        name="UPCE",
        modules=51,
        guards="101" + "0" * 42 + "010101",
        starts=tuple(range(3, 45, 7)),
        sets=_sets(tuple(row[0] for row in rows)),
        weights=np.array([row[1] for row in rows]),
        constants=np.array([row[2] for row in rows]),
        last_allowed=np.array([[digit in row[3] for digit in range(10)] for row in rows]),
        code_of=code_of,
        digits_of=digits_of,
    )


EAN13, EAN8, UPCE = _ean13(), _ean8(), _upce()
