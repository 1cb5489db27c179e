"""A hundred and more attempts on a real mosquitto, store and cart: none succeeds, each is seen."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from rig.__main__ import main as rig_main
from rig.hostile.attempts import attempts
from rig.hostile.site import Site

pytestmark = pytest.mark.machines
KINDS = {
    "papers", "downgrade", "foreign topic", "wildcard", "forged will", "malformed", "oversize",
    "replay", "posing", "part",
}  # fmt: skip


def test_nobody_comes_in(capsys: pytest.CaptureFixture[str]) -> None:
    """The whole campaign: at least a hundred attempts of every kind, 0 succeed, 0 pass unseen."""
    assert shutil.which("mosquitto"), "install it with: apt-get install mosquitto"
    status = rig_main(["hostile", "--json"])
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    bad = [row for row in report["rows"] if row["got"] or not row["seen"]]
    assert bad == []
    assert (status, report["passed"]) == (0, True)
    assert report["attempts"] >= 100
    assert {row["kind"] for row in report["rows"]} == KINDS


def test_an_open_door_is_found(tmp_path: Path) -> None:
    """With one line too many in the access list the campaign says that somebody hears too much."""
    site = Site(tmp_path)
    with (site.broker.certificates / "dashcart.acl").open("a") as rights:
        rights.write("pattern read sc/#\npattern write sc/1/%u/#\n")
    with site:
        wildcard = next(each for each in attempts() if each.name == "sc/#")
        assert "it hears" in wildcard.run(site).got
