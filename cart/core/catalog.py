"""What the store sells: products, prices, expected mass, deals, tax, code layouts, places.

The catalog is one signed snapshot from the store. This module holds its shape, its checks and its
look-ups; it must never invent a product or a price.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from cart.core.value import Value

Text = Annotated[str, Meta(min_length=1, max_length=200)]
Sku = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
Gtin = Annotated[str, Meta(pattern=r"^[0-9]{14}$")]
PriceMinor = Annotated[int, Meta(ge=0, le=100_000_000)]
MassMg = Annotated[int, Meta(ge=0, le=200_000_000)]


class Product(Value):
    """One thing that can be sold.

    `price_minor` is for one piece, or for one kilogram when `sold_by` is "mass". `mass_mg` is the
    expected gross mass of a piece and `mass_spread_mg` one standard deviation of it; `mass_mg`
    None means the store doesn't know it. `tare_mg` is taken off a weighed good.
    """

    sku: Sku
    name: Text
    price_minor: PriceMinor
    sold_by: Literal["each", "mass"] = "each"
    gtins: tuple[Gtin, ...] = ()
    plu: Annotated[str, Meta(pattern=r"^[0-9]{4,5}$")] | None = None
    mass_mg: MassMg | None = None
    mass_spread_mg: MassMg = 2_000
    tare_mg: MassMg = 0
    tax_category: Text = "standard"
    aisle: str | None = None
    image: str | None = None
    minimum_age: int = 0


class NForPrice(Value, tag="n_for_price"):
    """`quantity` pieces out of `skus` together cost `price_minor`."""

    deal_id: Text
    title: Text
    skus: tuple[Sku, ...]
    quantity: Annotated[int, Meta(ge=2, le=100)]
    price_minor: PriceMinor


class PercentOff(Value, tag="percent_off"):
    """Each of `skus` costs `percent` less."""

    deal_id: Text
    title: Text
    skus: tuple[Sku, ...]
    percent: Annotated[int, Meta(ge=1, le=100)]


class BuyXGetY(Value, tag="buy_x_get_y"):
    """Of every `buy` + `free` pieces out of `skus`, the cheapest `free` cost nothing."""

    deal_id: Text
    title: Text
    skus: tuple[Sku, ...]
    buy: Annotated[int, Meta(ge=1, le=100)]
    free: Annotated[int, Meta(ge=1, le=100)]


class MemberPrice(Value, tag="member_price"):
    """A paired member pays `price_minor` a piece (or a kilogram) for each of `skus`."""

    deal_id: Text
    title: Text
    skus: tuple[Sku, ...]
    price_minor: PriceMinor


Deal = NForPrice | PercentOff | BuyXGetY | MemberPrice


class TaxRate(Value):
    """Tax of a category in parts per million of the net price (7 % is 70_000)."""

    category: Text
    rate_ppm: Annotated[int, Meta(ge=0, le=1_000_000)]


class CodeLayout(Value):
    """How a store's own EAN-13 with this prefix reads: item digits, then the value, then a check.

    GS1 leaves the prefixes 02 and 20-29 to the retailer. `kind` says what the value is: a price
    in minor units, or a mass in grams. `item_digits` follow the prefix and match a product's
    `store_code` (the product's `plu` padded with zeros on the left).
    """

    prefix: Annotated[str, Meta(pattern=r"^[0-9]{1,3}$")]
    kind: Literal["price", "mass_g"]
    item_digits: Annotated[int, Meta(ge=3, le=7)] = 5
    value_digits: Annotated[int, Meta(ge=3, le=6)] = 5


class Aisle(Value):
    """A place in the store and what stands there: the planogram as far as the cart needs it."""

    aisle: Text
    name: Text
    skus: tuple[Sku, ...] = ()


class Catalog(Value):
    """A whole snapshot of what the store sells. See `CatalogIndex` for look-ups.

    `prices_include_tax` says whether the shelf price already holds the tax (Europe) or the tax
    comes on top (United States).
    """

    version: Annotated[int, Meta(ge=1)]
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
    products: tuple[Product, ...]
    currency_digits: Annotated[int, Meta(ge=0, le=4)] = 2
    deals: tuple[Deal, ...] = ()
    tax_rates: tuple[TaxRate, ...] = ()
    prices_include_tax: bool = False
    code_layouts: tuple[CodeLayout, ...] = ()
    aisles: tuple[Aisle, ...] = ()
