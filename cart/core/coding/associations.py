"""Which GS1 elements must, and must not, stand together on one item.

Source: GS1 General Specifications 4.13 (invalid pairs) and 4.14 (mandatory associations); the pairs
themselves are columns of the table of identifiers. A till logs these faults and sells all the same:
they are the packer's mistakes, not the shopper's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cart.core.coding.elements import Elements
from cart.core.coding.identifiers import IDENTIFIERS

# A signature signs one thing: these keys name one only with their optional serial number.
_SIGNATURE = "8030"
_SERIAL_OPTIONAL = ("253", "255", "8003")


def association_faults(elements: Elements) -> tuple[str, ...]:
    """What is wrong between elements that each are right."""
    rules = (_repeated, _excluded, _missing, _unserialised)
    return tuple(fault for rule in rules for fault in rule(elements))


def _repeated(elements: Elements) -> Iterator[str]:
    first: dict[str, str] = {}
    for ai, value in elements:
        if first.setdefault(ai, value) != value:
            yield f"({ai}) stands there twice with different values"


def _by_pattern(elements: Elements) -> Mapping[str, tuple[str, ...]]:
    """The AIs that are present, by each pattern of the table that they fit."""
    found: dict[str, tuple[str, ...]] = {}
    for ai in dict(elements):
        patterns = (ai, f"{ai[:3]}n", f"{ai[:2]}nn") if len(ai) == 4 else (ai,)
        for pattern in patterns:
            found[pattern] = (*found.get(pattern, ()), ai)
    return found


def _excluded(elements: Elements) -> Iterator[str]:
    present = _by_pattern(elements)
    for ai in dict(elements):
        for pattern in IDENTIFIERS[ai].excludes:
            for other in present.get(pattern, ()):
                if other != ai:
                    yield f"({ai}) never stands beside ({other})"


def _missing(elements: Elements) -> Iterator[str]:
    present = _by_pattern(elements)
    for ai in dict(elements):
        needs = IDENTIFIERS[ai].needs
        if needs and not any(all(need in present for need in group) for group in needs):
            wanted = " or ".join("+".join(group) for group in needs)
            yield f"({ai}) needs {wanted} beside it"


def _unserialised(elements: Elements) -> Iterator[str]:
    if _SIGNATURE in dict(elements):
        for ai, value in elements:
            if ai in _SERIAL_OPTIONAL and len(value) == IDENTIFIERS[ai].length_min:
                yield f"({ai}) needs its serial number, as it is signed by ({_SIGNATURE})"
