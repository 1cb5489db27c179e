"""Facts of every kind as no honest cart states them, though each has the right shape: numbers from
one end of 63 bits to the other, and texts that mean something elsewhere."""

from __future__ import annotations

from random import Random
from typing import Any, get_args

import msgspec
from msgspec import inspect

from cart.core.events import Event

NUMBERS = (0, 1, 2, 3, 5, 100, 129, 10**6, 10**8, 10**12, 2**31, 2**53, 2**62, 2**63 - 1)
TEXTS = (
    "", "x", "\0", "L1", "L2", "trip-1", "2026-11-18T11:06", "2026-02-30T25:61", "24:00", "\ud7ff",
    "99" * 40, "9520000000011", "]C1", "DATABAR_EXP", "8110106141416543213500110000310123196000",
    "used", "%", "standard", "0" * 64,
)  # fmt: skip


class OddFacts:
    """Random ones, among which the given `texts` are, too: SKUs, say."""

    def __init__(self, random: Random, texts: tuple[str, ...] = ()) -> None:
        self._random = random
        self._texts = TEXTS + texts

    def fact(self, kind: type[msgspec.Struct] | None = None) -> bytes:
        """One of a kind, or of any."""
        chosen = kind or self._random.choice(get_args(Event))
        return msgspec.json.encode(self._value(inspect.type_info(chosen)))

    def changed(self, fact: bytes) -> bytes:
        """A good one with one of its values odd, if that still has the right shape."""
        tree = msgspec.json.decode(fact)
        name = self._random.choice([name for name in tree if name != "kind"])
        tree[name] = msgspec.json.decode(self.fact()).get(name, self._number())
        return msgspec.json.encode(tree)

    def _number(self) -> int:
        return self._random.choice(NUMBERS) * self._random.choice((1, 1, 1, -1))

    def _value(self, kind: inspect.Type) -> Any:  # noqa: ANN401, PLR0911 - any JSON; a row a type
        choose = self._random.choice
        match kind:
            case inspect.StructType():
                told = {
                    field.encode_name: self._value(field.type)
                    for field in kind.fields
                    if field.required or self._random.random() < 0.6
                }
                return {kind.tag_field: kind.tag, **told} if kind.tag_field else told
            case inspect.UnionType():
                return self._value(choose(kind.types))
            case inspect.LiteralType():
                return choose(kind.values)
            case inspect.IntType():
                return self._number()
            case inspect.StrType():
                return "1.25" if kind.pattern else choose(self._texts)
            case inspect.BoolType():
                return choose((True, False))
            case inspect.VarTupleType():
                return [self._value(kind.item_type) for _ in range(choose((0, 1, 2)))]
            case inspect.DictType():
                return {choose(self._texts): self._value(kind.value_type)}
            case _:
                return None
