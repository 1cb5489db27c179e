"""What the store publishes beside its catalog, as one cart takes it in."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec.structs import replace

from cart.contract.goods import Recalls
from cart.contract.signing import published_text
from cart.contract.store import packet
from cart.core.observations import RecallsCame
from cart.shell.newest import Newest
from cart.shell.store_catalog import StoreKey
from cart.shell.store_published import PublishedIntake
from store.keys import Signer, signer_of

NAMES = ("acme", "store-1")


def recalls(signer: Signer, version: int, rows: str, effective_utc_ms: int = 0) -> bytes:
    """A signed list of what was called back, as it comes over the wire."""
    bare = Recalls(version, msgspec.Raw(rows.encode()), "", effective_utc_ms)
    signed = replace(bare, signature=signer.sign(published_text(*NAMES, bare)))
    return packet("recall", signed, *NAMES).payload


def test_nothing_older_comes_between_while_a_recall_waits(tmp_path: Path) -> None:
    """An old list that is sent again neither holds now nor takes the place of the waiting one."""
    signer = signer_of(tmp_path)
    key = StoreKey((tmp_path / "store.pub").read_bytes())
    newest = Newest(None, "cart-1", lambda: 0)
    intake = PublishedIntake(*NAMES, key, tmp_path, newest)
    rows = '[{"sku":"tomatoes-400g","reason":"glass"}]'
    assert isinstance(intake.came("recall", recalls(signer, 1, "[]"), 0), RecallsCame)
    assert intake.came("recall", recalls(signer, 3, rows, effective_utc_ms=5_000), 0) is None
    assert intake.came("recall", recalls(signer, 2, "[]"), 1_000) is None
    (told,) = intake.time_passed(6_000)
    assert isinstance(told, RecallsCame)
    assert (told.version, len(told.recalls or ())) == (3, 1)
