"""The demo store holds together: its catalog, its gallery, its scenario."""

from __future__ import annotations

from pathlib import Path

import zxingcpp

from cart.core.catalog import Catalog, parse_catalog
from models.gallery import Gallery
from models.recogniser import Recogniser
from rig.artist import code_panel
from rig.demo.command import SCENARIO
from rig.enrol import CATALOG, GALLERY, demo_catalog
from rig.pictures import product_pictures
from rig.probes import PROBES
from rig.shopper import Scenario, load
from rig.world import with_check_digit

DEMO_PREFIX = "0952"  # GS1 keeps 952 for demonstrations; a GTIN-14 has a zero in front


def test_catalog_passes_the_stores_own_checks() -> None:
    """What the store would import is what the rig reads."""
    assert isinstance(parse_catalog(CATALOG.read_bytes()), Catalog)


def test_codes_are_demonstration_codes_with_right_check_digits() -> None:
    """No real product's code is used, and each could be printed."""
    gtins = [gtin for product in demo_catalog().products for gtin in product.gtins]
    assert len(gtins) >= 11
    for gtin in gtins:
        assert gtin.startswith(DEMO_PREFIX)
        assert with_check_digit(gtin[1:-1]) == gtin[1:]


def test_gallery_knows_every_product_with_the_shipped_weights() -> None:
    """`python -m rig enrol` has been run since products or weights changed."""
    gallery = Gallery.load(GALLERY, Recogniser().fingerprint)
    assert set(gallery.labels) == {product.sku for product in demo_catalog().products}


def test_scenario_names_only_probes_that_are() -> None:
    """The one scenario loads, and each of its words can be looked at."""
    scenario: Scenario = load(SCENARIO)
    assert len(scenario.steps) >= 15
    assert {name for step in scenario.steps for name in step.expect} <= set(PROBES)


def test_every_product_has_its_picture(tmp_path: Path) -> None:
    """The screen finds a picture under each image name."""
    product_pictures(tmp_path, demo_catalog().products)
    assert {path.stem for path in tmp_path.glob("*.png")} == {
        product.image for product in demo_catalog().products
    }


def test_printed_label_reads_back() -> None:
    """A label as it is drawn, before any camera, holds its code."""
    label = code_panel("2802114004725").convert("L")
    assert [read.text for read in zxingcpp.read_barcodes(label)] == ["2802114004725"]
