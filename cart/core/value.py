"""The base of every value in the core: frozen, compared by content.

It must never gain behaviour: values are data, functions think.
"""

from __future__ import annotations

import msgspec


class Value(msgspec.Struct, frozen=True):
    """An immutable record. Unknown fields in input are ignored, so minor versions may add some."""
