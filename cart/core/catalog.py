"""What the store sells: products, prices, expected mass, deals, tax, code layouts, places.

The catalog is one signed snapshot from the store. This module holds its shape, its checks and its
look-ups; it must never invent a product or a price.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from cart.core.catalog_faults import currency_fault, faults
from cart.core.pricing.coupon import Coupon
from cart.core.pricing.kinds import AnyDeal
from cart.core.pricing.offers import PriceMinor, Sku, Text, TimeOfDay
from cart.core.pricing.order import Offers
from cart.core.units import divide_half_up
from cart.core.value import END, Value
from cart.core.weights import WeightUnit

Gtin = Annotated[str, Meta(pattern=r"^[0-9]{14}" + END)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}" + END)]
MASS_MG_MAX = 200_000_000
BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # what some editors put before UTF-8
WRONG_LENGTH_MAX = 300  # a complaint repeats what is wrong, however long that is
MassMg = Annotated[int, Meta(ge=0, le=MASS_MG_MAX)]


# What unit prices are told for: a kilogram, a litre, a piece.
MEASURES = {"g": (1_000, "kg"), "ml": (1_000, "l"), "piece": (1, "piece")}


class UnitPrice(Value):
    """What a kilogram, a pound, a litre or a piece costs: `unit` is "kg", "lb", "l" or "piece"."""

    price_minor: int
    unit: str


class Product(Value):
    """One thing that can be sold.

    `price_minor` is for one piece, or for one `price_unit` when `sold_by` is "mass". `mass_mg` is
    the expected gross mass of a piece and `mass_spread_mg` one standard deviation of it; `mass_mg`
    None means the store doesn't know it. `tare_mg` is taken off a weighed good. `plu` is the number
    typed for it (4 or 5 digits) or the store's own item number on its labels. `category` is what
    deals name, `snap` whether food benefits may pay for it, `deposit_minor` comes on top of each.
    `content` is what a piece holds, in `content_unit`; `hours` are those it may be sold in.
    `coupon_family` is the maker's code of the family that coupons name, "" if it has none.
    """

    sku: Sku
    name: Text
    price_minor: PriceMinor
    sold_by: Literal["each", "mass"] = "each"
    gtins: tuple[Gtin, ...] = ()
    plu: Annotated[str, Meta(pattern=r"^[0-9]{4,7}" + END)] | None = None
    mass_mg: MassMg | None = None
    mass_spread_mg: MassMg = 2_000
    tare_mg: MassMg = 0
    tax_category: Text = "standard"
    aisle: str | None = None
    image: str | None = None
    minimum_age_years: int = 0
    category: str = ""
    snap: bool = False
    deposit_minor: PriceMinor = 0
    content: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None
    content_unit: Literal["g", "ml", "piece"] = "g"
    hours: tuple[TimeOfDay, TimeOfDay] | None = None
    coupon_family: Annotated[str, Meta(pattern=r"^([0-9]{3})?" + END)] = ""
    price_unit: WeightUnit = "kg"

    @property
    def unit_price(self) -> UnitPrice | None:
        """The price for the unit of measure; None where the content is not known."""
        if self.sold_by == "mass":
            return UnitPrice(self.price_minor, self.price_unit)
        if self.content is None:
            return None
        amount, unit = MEASURES[self.content_unit]
        return UnitPrice(divide_half_up(self.price_minor * amount, self.content), unit)


class TaxRate(Value):
    """Tax of a category in parts per million of the net price (7 % is 70_000)."""

    category: Text
    rate_ppm: Annotated[int, Meta(ge=0, le=1_000_000)]


class CodeLayout(Value):
    """How a store's own EAN-13 with this prefix reads: item digits, then the value, then a check.
    Of vouchers for bottles ("bottles") the item digits are the voucher's number.

    GS1 leaves the prefixes 02 and 20-29 to the retailer. `kind` says what the value is: a price
    in minor units, or a mass in grams. `item_digits` follow the prefix and match a product's
    `plu`, padded with zeros on the left. Where the parts leave one
    digit over, that digit checks the value and stands before it. A UPC-A is read both ways: as
    its 12 digits (prefix "2") and with the zero that makes it an EAN-13 (prefix "02").
    """

    prefix: Annotated[str, Meta(pattern=r"^[0-9]{1,3}" + END)]
    kind: Literal["price", "mass_g", "bottles"]
    item_digits: Annotated[int, Meta(ge=3, le=7)] = 5
    value_digits: Annotated[int, Meta(ge=3, le=6)] = 5


class Aisle(Value):
    """A place in the store and what stands there: the planogram as far as the cart needs it."""

    aisle: Text
    name: Text
    skus: tuple[Sku, ...] = ()


class Recall(Value):
    """Pieces that must not be sold: all of a product, or only of `lots`."""

    sku: Sku
    reason: Text
    lots: tuple[str, ...] = ()


class PositiveOffer(Value):
    """What an offer of AI 8112 is worth, by its funder and number; the deal_id is each coupon's."""

    funder: Annotated[str, Meta(pattern=r"^[0-9]{6,12}" + END)]
    offer: Annotated[str, Meta(pattern=r"^[0-9]{6}" + END)]
    coupon: Coupon


class Fee(Value):
    """Something that a shopper may take on the pay screen, such as a bag. It is never discounted;
    `tax_category` "" is untaxed, and `snap` says whether food benefits may pay for it."""

    fee_id: Sku
    title: Text
    price_minor: PriceMinor
    tax_category: str = ""
    snap: bool = False
    quantity_max: Annotated[int, Meta(ge=1, le=99)] = 9


class Catalog(Value):
    """A whole snapshot of what the store sells. See `CatalogIndex` for look-ups.

    `prices_include_tax` says whether the shelf price already holds the tax (Europe) or the tax
    comes on top (United States). `staff_badges` are the SHA-256 of the long random codes on the
    badges of those who may approve an age. `retailer` is the chain's company prefix, as coupons
    that are good there alone name it.
    """

    version: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}" + END)]
    products: tuple[Product, ...]
    currency_digits: Annotated[int, Meta(ge=0, le=4)] = 2
    deals: tuple[AnyDeal, ...] = ()
    tax_rates: tuple[TaxRate, ...] = ()
    prices_include_tax: bool = False
    code_layouts: tuple[CodeLayout, ...] = ()
    aisles: tuple[Aisle, ...] = ()
    recalls: tuple[Recall, ...] = ()
    fees: tuple[Fee, ...] = ()
    staff_badges: tuple[Sha256, ...] = ()
    positive_offers: tuple[PositiveOffer, ...] = ()
    retailer: Annotated[str, Meta(pattern=r"^[0-9]{0,13}" + END)] = ""


class CatalogError(ValueError):
    """A catalog cannot be used; the text names the row and what to do about it."""


@dataclass(frozen=True)
class CatalogIndex:
    """Look-ups into one catalog, each built when it is first asked for. Equal if the catalogs are.

    Use it for checked catalogs only: of two rows with the same key the later one would win.
    """

    catalog: Catalog

    @cached_property
    def by_sku(self) -> dict[str, Product]:
        """Every product by its SKU."""
        return {product.sku: product for product in self.catalog.products}

    @cached_property
    def by_price(self) -> tuple[Product, ...]:
        """Everything that is sold by the piece, the cheapest first."""
        pieces = (product for product in self.catalog.products if product.sold_by == "each")
        return tuple(sorted(pieces, key=lambda product: (product.price_minor, product.sku)))

    @cached_property
    def by_price_of_category(self) -> dict[str, tuple[Product, ...]]:
        """The same of each category."""
        found: dict[str, list[Product]] = {}
        for product in self.by_price:
            found.setdefault(product.category, []).append(product)
        return {category: tuple(products) for category, products in found.items()}

    @cached_property
    def cheapest(self) -> dict[tuple[str, str], Product]:
        """Of each category and measure the product with the lowest unit price, then SKU, whatever
        is advertised; what is recalled is left out."""
        recalled = frozenset(recall.sku for recall in self.catalog.recalls)
        found: dict[tuple[str, str], tuple[int, str]] = {}
        for product in self.catalog.products:
            price = product.unit_price
            if price is not None and product.category and product.sku not in recalled:
                key, row = (product.category, price.unit), (price.price_minor, product.sku)
                found[key] = min(row, found.get(key, row))
        return {key: self.by_sku[sku] for key, (_, sku) in found.items()}

    @cached_property
    def offers(self) -> Offers:
        """The deals, and which of them are on what."""
        return Offers(self.catalog.deals)

    @cached_property
    def by_gtin(self) -> dict[str, Product]:
        """Products by each of their 14-digit GTINs."""
        return {gtin: product for product in self.catalog.products for gtin in product.gtins}

    @cached_property
    def positive_offers(self) -> dict[tuple[str, str], PositiveOffer]:
        """The offers of AI 8112 by funder and number."""
        return {(row.funder, row.offer): row for row in self.catalog.positive_offers}

    @cached_property
    def by_plu(self) -> dict[str, Product]:
        """Products by their PLU without leading zeros: see `product_of_plu`."""
        return {
            product.plu.lstrip("0"): product
            for product in self.catalog.products
            if product.plu is not None
        }

    @cached_property
    def rate_ppm_by_category(self) -> dict[str, int]:
        """Tax rates in parts per million, in the catalog's order."""
        return {rate.category: rate.rate_ppm for rate in self.catalog.tax_rates}

    @cached_property
    def skus_by_aisle(self) -> dict[str, frozenset[str]]:
        """What stands in each aisle, by the planogram or by the product's own row."""
        standing: dict[str, set[str]] = {row.aisle: set(row.skus) for row in self.catalog.aisles}
        for product in self.catalog.products:
            if product.aisle is not None:
                standing.setdefault(product.aisle, set()).add(product.sku)
        return {aisle: frozenset(skus) for aisle, skus in standing.items()}

    @cached_property
    def aisles_by_sku(self) -> dict[str, tuple[str, ...]]:
        """The aisles each product stands in, in the catalog's order."""
        aisles = self.skus_by_aisle
        return {
            sku: tuple(aisle for aisle, skus in aisles.items() if sku in skus)
            for sku in self.by_sku
        }

    def product_of_plu(self, digits: str) -> Product | None:
        """The product of a typed PLU or of a label's item digits, padded with zeros or not."""
        return self.by_plu.get(digits.lstrip("0"))

    def tax_category(self, sku: str) -> str:
        """A product's tax category; "standard" for one that has left the catalog since."""
        product = self.by_sku.get(sku)
        return "standard" if product is None else product.tax_category

    def sold_by_mass(self, sku: str) -> bool:
        """Whether a product's price is for a weight."""
        product = self.by_sku.get(sku)
        return product is not None and product.sold_by == "mass"

    def rate_on_top_ppm(self, sku: str) -> int:
        """The tax that comes on top of a product's price; 0 if inside it or without a rate."""
        if self.catalog.prices_include_tax:
            return 0
        return self.rate_ppm_by_category.get(self.tax_category(sku), 0)


# Made with the module: msgspec must not learn a type in two threads at once (contract/decoding.py).
CATALOG = msgspec.json.Decoder(Catalog)


def parse_catalog(data: bytes) -> Catalog:
    """Decode and check a catalog, JSON by docs/schemas/catalog.schema.json.

    Raises CatalogError that names the first row at fault and what to do.
    """
    try:
        catalog = CATALOG.decode(data.removeprefix(BYTE_ORDER_MARK))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CatalogError(
            f"catalog: {str(error)[:WRONG_LENGTH_MAX]};"
            " write it as docs/schemas/catalog.schema.json says"
        ) from error
    if wrong := currency_fault(catalog):
        raise CatalogError(f"catalog: {wrong} and publish the catalog again")
    for fault in faults(catalog):
        row = f"{fault.table}[{fault.number}]"
        raise CatalogError(
            f"catalog: {row}: {fault.wrong[:WRONG_LENGTH_MAX]};"
            " correct the row and publish the catalog again"
        )
    return catalog
