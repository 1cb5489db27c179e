"""The tables of the store's database, the same in SQLite and PostgreSQL.

`events` holds the rows of the carts' journals as the carts wrote them until `archive` packs those
of old trips away; the others follow from it or hold what only the store knows. A change here needs
a step in `store/migrations/versions`; it must never lose what a store has.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()
# 64 bits in both; only a column called INTEGER counts up by itself in SQLite.
Whole = BigInteger().with_variant(Integer(), "sqlite")

carts = Table(
    "carts",
    METADATA,
    Column("cart", Text, primary_key=True),
    Column("epoch", Whole, nullable=False),
    Column("boot_id", Text, nullable=False),
    Column("online", Boolean, nullable=False),
    Column("app_version", Text, nullable=False),
    Column("catalog_version", Whole, nullable=False),
)
# What each cart has said last of its health: a `Telemetry` as JSON, and when.
health = Table(
    "health",
    METADATA,
    Column("cart", Text, primary_key=True),
    Column("utc_ms", Whole, nullable=False),
    Column("told", LargeBinary, nullable=False),
)
# How far each journal is stored, so that this is known without its rows.
journals = Table(
    "journals",
    METADATA,
    Column("cart", Text, primary_key=True),
    Column("epoch", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("hash", Text, nullable=False),
)
# `number` is the order of commits.
events = Table(
    "events",
    METADATA,
    Column("number", Whole, primary_key=True),
    Column("cart", Text, nullable=False),
    Column("epoch", Whole, nullable=False),
    Column("seq", Whole, nullable=False),
    Column("kind", Text, nullable=False),
    Column("event", LargeBinary, nullable=False),
    Column("hash", Text, nullable=False),
    UniqueConstraint("cart", "epoch", "seq", name="events_once"),
)
# Packed rows of one journal, `first_seq` to `last_seq`; see `store.archive`.
archives = Table(
    "archives",
    METADATA,
    Column("cart", Text, primary_key=True),
    Column("epoch", Whole, primary_key=True, autoincrement=False),
    Column("last_seq", Whole, primary_key=True, autoincrement=False),
    Column("first_seq", Whole, nullable=False),
    Column("packed_utc_ms", Whole, nullable=False),
    Column("rows", LargeBinary, nullable=False),
)
trips = Table(
    "trips",
    METADATA,
    Column("number", Whole, primary_key=True),
    Column("cart", Text, nullable=False),
    Column("trip_id", Text, nullable=False),
    Column("epoch", Whole, nullable=False),
    Column("first_seq", Whole, nullable=False),
    Column("last_seq", Whole),
    Column("shopper", Text),
    Column("closed_utc_ms", Whole),
    UniqueConstraint("cart", "trip_id", name="trips_once"),
    Index("trips_by_id", "trip_id"),
    Index("trips_open", "cart", "epoch", "last_seq"),
)
# Snapshots that stand for rows which can't be read, one a trip; see `store.healing`.
snaps = Table(
    "snaps",
    METADATA,
    Column("cart", Text, primary_key=True),
    Column("trip_id", Text, primary_key=True),
    Column("epoch", Whole, nullable=False),
    Column("upto_seq", Whole, nullable=False),
    Column("basket", LargeBinary, nullable=False),
)
# The code on each cart's screen, and when the cart said so last.
offers = Table(
    "offers",
    METADATA,
    Column("cart", Text, primary_key=True),
    Column("nonce", Text, nullable=False),
    Column("utc_ms", Whole, nullable=False, server_default="0"),
)
grants = Table(
    "grants",
    METADATA,
    Column("nonce", Text, primary_key=True),
    Column("cart", Text, nullable=False),
    Column("shopper", Text, nullable=False),
    Column("member", Boolean, nullable=False),
    Column("trip_id", Text, nullable=False),
    Column("expires_utc_ms", Whole, nullable=False, server_default="0"),
    # How often the shopper had had each limited offer, as JSON; NULL: granted by an older version.
    Column("used", LargeBinary),
    UniqueConstraint("trip_id", name="grants_once"),
)
members = Table("members", METADATA, Column("shopper", Text, primary_key=True))
# Trips that moved from cart to cart, and the last row that counted; see `store.moving`.
moves = Table(
    "moves",
    METADATA,
    Column("from_cart", Text, primary_key=True),
    Column("from_trip", Text, primary_key=True),
    Column("upto_seq", Whole, nullable=False),
    Column("to_cart", Text, nullable=False),
    Column("to_trip", Text, nullable=False),
    Column("told", Boolean, nullable=False),
    # When a person of the store asked for it; 0: the shopper's app did.
    Column("asked_utc_ms", Whole, nullable=False, server_default="0"),
)
payments = Table(
    "payments",
    METADATA,
    Column("number", Whole, primary_key=True),
    Column("cart", Text, nullable=False),
    Column("trip_id", Text, nullable=False),
    Column("attempt", Whole, nullable=False),
    Column("total_minor", Whole, nullable=False),
    Column("receipt", LargeBinary, nullable=False),
    UniqueConstraint("cart", "trip_id", name="payments_once"),
    sqlite_autoincrement=True,
)
# The links of paid receipts, by the number of the payment; see `store.chain`.
chain = Table(
    "chain",
    METADATA,
    Column("number", Whole, primary_key=True, autoincrement=False),
    Column("upto_seq", Whole, nullable=False),
    Column("journal_sha256", Text, nullable=False),
    Column("before_sha256", Text, nullable=False),
    Column("sha256", Text, nullable=False),
)
# The newest link of each chain ("receipts", "credits") and the first one, so that a chain cut short
# is noticed; the store's signature under both ("" until there is one).
heads = Table(
    "heads",
    METADATA,
    Column("chain", Text, primary_key=True),
    Column("first_number", Whole, nullable=False),
    Column("number", Whole, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("signature", Text, nullable=False, server_default=""),
)
# Each row's `sha256` follows from its other columns and the row before; see `store.chain`.
line_credits = Table(
    "credits",
    METADATA,
    Column("number", Whole, primary_key=True),
    Column("cart", Text, nullable=False),
    Column("trip_id", Text, nullable=False),
    Column("line_id", Text, nullable=False),
    Column("quantity", Whole, nullable=False),
    Column("net_minor", Whole, nullable=False),
    Column("tax_minor", Whole, nullable=False),
    Column("reason", Text, nullable=False),
    Column("deposit_minor", Whole, nullable=False, server_default="0"),
    Column("snap_minor", Whole, nullable=False, server_default="0"),
    Column("sha256", Text, nullable=False, server_default=""),
    Index("credits_by_trip", "cart", "trip_id"),
    sqlite_autoincrement=True,
)
coupons = Table(
    "coupons",
    METADATA,
    Column("coupon_id", Text, primary_key=True),
    Column("cart", Text, nullable=False),
    Column("epoch", Whole, nullable=False),
    Column("first_seq", Whole, nullable=False),
    Column("used", Boolean, nullable=False),
)
# Deals, recalls and aisles published beside the catalog, each kind with its own numbers. An empty
# body (null) gives the place back to the catalog's.
published = Table(
    "published",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("version", Whole, primary_key=True, autoincrement=False),
    Column("effective_utc_ms", Whole, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
catalogs = Table(
    "catalogs",
    METADATA,
    Column("version", Whole, primary_key=True, autoincrement=False),
    Column("sha256", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    # When it holds, and the change from the version before; NULL where that fits no message.
    Column("effective_utc_ms", Whole, nullable=False, server_default="0"),
    Column("delta", LargeBinary),
    UniqueConstraint("sha256", name="catalogs_once"),
)
