"""The base of every value in the core: frozen, compared by content.

It must never gain behaviour: values are data, functions think.
"""

from __future__ import annotations

from typing import dataclass_transform

import msgspec

# The end of a pattern that holds for a whole text: a bare "$" also lets a last new line pass.
END = r"$(?!\n)"


# Type checkers do not inherit frozen=True from a Struct; this says it for every subclass.
@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Value(msgspec.Struct, frozen=True):
    """An immutable record. Unknown fields in input are ignored, so minor versions may add some."""
