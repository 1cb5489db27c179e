"""The words of docs/contract.md, with the limits that the programs go by filled in.

It must never hold a number of its own: each comes from where it is used.
"""

from __future__ import annotations

from cart.contract.broker import (
    IN_FLIGHT_MAX,
    KEEPALIVE_S_MAX,
    PACKET_BYTES_MAX,
    WILL_DELAY_S,
)
from cart.contract.fleet import COMMAND_LIFETIME_MS_MAX
from cart.contract.goods import (
    CATALOG_BYTES_MAX,
    CHUNK_BYTES_MAX,
    ROOTS_MAX,
    TRUST_BYTES_MAX,
    TRUSTED_CATALOG,
    TRUSTED_PUBLISHED,
    TRUSTED_SETTINGS,
)
from cart.contract.store import (
    APP_PREFIX,
    BATCH_MAX,
    BROKER,
    CLAIM_PREFIX,
    CODE_LIFETIME_MS,
    PAIRING,
    PAYLOAD_BYTES_MAX,
    ROOT,
    SERVICE_PREFIX,
)

OPENING = """# The contract between cart and store, version 1

What another vendor needs to build a store or a cart, beside two documents of the same table:
[asyncapi.yaml](asyncapi.yaml) names each topic, its direction, QoS, retention and expiry, and
[schemas/store.schema.json](schemas/store.schema.json) each message with its limits; events stand in
[schemas/event.schema.json](schemas/event.schema.json), the catalog in
[schemas/catalog.schema.json](schemas/catalog.schema.json). Blocks of JSON below are vectors: one
object each, to try one's own code on; `tests/contract/test_document.py` is such code, and imports
nothing of ours. Then `python -m cart contract check` tries a store or a cart on a broker.

All topics stand under `{root}`. A payload is one JSON object in UTF-8 of at most {payload} bytes;
fields that one does not know are ignored, fields that are missing have the schema's default, an
integer has at most 63 bits. A major change would stand in the topic.

"""
CARRYING = """## MQTT

Version 5, or 3.1.1 to a broker that has no 5 (a chain's RabbitMQ cluster). Both: a clean start, and
no session is kept. What differs:

- **Expiry.** MQTT 5: the Message Expiry Interval of asyncapi.yaml. 3.1.1: nothing expires, so a
  receiver goes by the times within the messages.
- **Last will.** MQTT 5: a cart's has a Will Delay Interval of {will_delay} s, the store's none; a
  broker may say it earlier, when the session ends. 3.1.1: at once.
- **A denied publish.** MQTT 5: PUBACK with reason 135, at QoS 1. 3.1.1: it breaks the connection,
  or vanishes: a cart to which three answered greetings confirm no row says so.
- **In flight.** MQTT 5: at most the broker's Receive Maximum (ours: {in_flight}) publishes without
  PUBACK. 3.1.1 has no word for it.
- **Retained on a cluster.** With RabbitMQ it stays on one node: so over 3.1.1 a store says all that
  is retained once more after a `birth`, but for chunks and changes of the catalog, which a cart
  asks for; a cart greets unasked, and an older `store_state` offline is not the last word.
- **Dots.** RabbitMQ takes a dot in a topic for a slash: there no name of a tenant, store, cart or
  app may have one.

A packet has at most {packet} bytes, keep-alive is at most {keepalive} s, TCP without Nagle's
algorithm (else an answer takes 40 ms longer). PUBACK means that the broker has a message and says
nothing about the store. Every message may come twice, late, or not at all; what must not be lost is
said again by its owner until it is answered.

### Presence: the last will

A cart connects with this will, at QoS 1, retained, on its `cart_state` topic, and says the same
with `true` there once it is connected, and with `false` before it says goodbye:

    {{"boot_id":"BOOT","online":false}}

A cart may ask by `get` "presence" whether the store takes it for online: `online` of `given`.
`boot_id` is new at each start of its program and the same as in its `birth`. A store takes a
`cart_state` only for the boot that greeted it last: the will of an older boot may come after the
greeting of the next, and means nothing then. The store's service does the same on `store_state`
with `svc_boot`; its will comes at once. It says "online" again when it hears an "offline" there
while it is up. A cart sends no rows while the store is offline.

"""
ORDER = """## What is said when

1. The store's service is there: `store_state`, retained. Each time it says so, a cart says
   `birth`.
2. The store answers a `birth` with `ack`: what it has stored (`upto_seq`, and its `hash`), the
   `newest_epoch` that it knows of this cart, its clock and local time; with `basket` where a trip
   goes on. Before that answer a cart sends no rows and believes no time. If `hash` is not that of
   the cart's own row `upto_seq`, or `upto_seq` is beyond its last row, or `newest_epoch` is above
   its own epoch, then the store knows another journal: the cart begins epoch `newest_epoch` + 1
   and sends it from row 1. An epoch more than 2^32 above those that it knows a store takes for
   none of this cart's: it answers with the `hash` "", which is no row's, and takes no rows of it.
3. Rows go up in batches of at most {batch}, in order, as many without an `ack` as `credit` says.
   The store commits, then says `ack`, cumulatively. (cart, epoch, seq) is stored once: the same
   row again is answered as stored, another one under the same number is named in `rejected` and
   changes nothing. After a gap `need_from` says where to begin again. A row that the store can't
   read is stored as it is. The cart forgets nothing before `ack`. Without an answer for 2 s it
   sends again.
4. A cart whose basket differs from the store's `basket` sends `snap`.

### Pairing

An idle cart shows `{pairing}` as a QR code (both values percent-encoded) and says `pair_offer`
with the nonce each ten seconds. The shopper's app says `pair_claim` under its own name. The store
grants only a nonce that this cart offered last, at most {code_s} s ago, to the first shopper who
claimed it, as `pair_grant`; the same shopper may ask again until the trip has begun, and gets the
same `trip_id`. The grant is good for {code_s} s at most. The cart opens the trip if the signature
fits, the nonce is the one on its screen, and it is not too late; then that nonce is used, for
good.

### Paying

`pay_request` names the row up to which the sum counts; the store adds up only once it has that row,
by docs/pricing.md, and answers the same (trip, attempt) the same for ever.

### Orders and settings

A `command` is done once: the cart remembers its `cmd_id`, over restarts, until `expires_utc_ms`,
which is at most {command_days} days ahead, and answers the same one again with how it went. One
that comes later is `timed_out`, one that it has no room to remember is `queued` and not done: send
it again. The store sends an order when the cart greets, and every 5 s until its `command_state` is
`succeeded`, `failed`, `timed_out` or `rejected`. `config` is retained and whole; a version that is
not above the known one changes nothing.

"""
CHAIN = """## The chain of rows

A row's `hash` is the SHA-256, in hexadecimal, of the hash of the row before (64 characters of
ASCII), a line feed (0x0A), and the bytes of `event` exactly as they stand in the message. Row 1
follows on 64 zeros. So keep the bytes of an event, and never parse and write them anew. A row with
`left_out_bytes` has `null` for an event that is too long; its hash is over the event that was left
out, and is believed.

"""
PAPERS = """## Who is who

Off loopback both sides show X.509 certificates, TLS 1.2 or later. The common name is the MQTT user
name and the client id:

| common name | who | may say |
|---|---|---|
| a cart's id | a cart | its own `cart/…` and `prov/…` |
| `{app}`… | a shopper's app | its own `app/…/up/pair` and `prov/…` |
| `{claim}`… | a claim, once and for a short time | its own `prov/…` |
| `{service}`… | the store's service | all |

No cart's id begins like one of the last three, and none is `{broker}`, the name in the broker's own
certificate. The broker enforces all of it by `deploy/mosquitto/dashcart.acl`, which is the table of
channels. A cart makes its key itself and says `csr`; the answer names the request by the SHA-256 of
its PEM. Renewing is the same under the cart's own name; an app renews as a cart does.

### No personal data in topics

What follows `{app}` in a topic is no name and no number of a person: it is a random key that the
app makes itself and that means nothing anywhere else. It must not be made of a name, an e-mail
address, a telephone or a card number, or a hash of one of those, and not be the same in two
chains. Topics, and logs that show topics, then hold nothing that leads to a person; only who has
the store's own table of members, where it keeps one, can tell whose trips belong together, and an
app may begin under a new key whenever it likes (it asks for a new certificate). Still such a key is
a pseudonym in the sense of the GDPR: a store forgets it with the rows of its trips (docs/store.md),
logs no topic of an app, and lets no broker's log be kept (deploy/README.md). The topic must carry
it, for the broker enforces that an app speaks under its certificate's name alone.

"""
SIGNING = """## Signed texts

The store signs with Ed25519; `signature` is base64 (RFC 4648, with padding) of the 64 bytes. What
is signed is a text in UTF-8: its lines joined by one line feed (0x0A), none at its end. The first
line is `{prefix}` and what the text is for, so that no signature serves twice. No value may hold a
line feed. A number is written in decimal. "Its JSON" is without spaces, the keys of objects sorted
by their UTF-8 bytes, text in UTF-8 with only `"`, `\\` and control characters escaped (`\\b`,
`\\f`, `\\n`, `\\r`, `\\t`, else `\\u001f`). "Its bytes" are those of the field exactly as they
stand in the message. A hash is SHA-256 in lower-case hexadecimal. A field that is missing has the
schema's default.

The vectors are signed with the key of RFC 8032, 7.1, test 1; its public half is, in hexadecimal:
`{public_key}`
"""
CATALOG = """
## The catalog

`catalog_head` names a catalog by the SHA-256 of its JSON, `size_bytes` long (at most {catalog}).
The JSON is cut every {chunk} bytes into `chunks`, numbered from 0, on `catalog_chunk`. With
`pieces` each is sent packed by zlib (RFC 1950), and `pieces` are the SHA-256 of each as it is
sent; unpack at most {chunk} bytes of one. A cart adopts a catalog whole or not at all, in no older
version than it has, and asks for what does not come by `get` (`chunk` or `delta`); `given` has it
in base64, or a reason.

"""
CHANGES = """
`catalog_delta` leads from `version` - 1 to `version`: its `body` is a `Change`
of the schema. Apply it so: take each product of the older catalog in its place, in its new form if
`products` has its `sku`, not at all if `gone` has it; put the other `products` behind them in
their order; all other fields come from `rest` if there is one; `version` is the new one. Write it
as JSON with the fields in the order of catalog.schema.json, all of them, defaults too, without
spaces, escaped as above, keys of free tables sorted: these bytes must have the `sha256` of the
`head` in the change, or they are thrown away.

"""
CLOSING = """
## Metadata of The Update Framework

`trust` carries root, targets, snapshot and timestamp of TUF 1.0 (`1.root.json` is the topic
`root-1`, `targets.json` is `targets`), each at most {trust} bytes. A cart that was given a first
root believes a catalog, settings, deals and aisles only if targets names them as the newest:
`{catalog}` with the SHA-256 and length of the catalog's JSON, `{published}KIND` and
`{settings}CART` with those of the signed text. A recall holds as soon as it is signed. Keys are
replaced by up to {roots} new roots.
"""


def opening() -> str:
    """What there is, and where."""
    return OPENING.format(root=ROOT, payload=PAYLOAD_BYTES_MAX)


def carrying() -> str:
    """MQTT 5 and 3.1.1, and the last wills."""
    return CARRYING.format(
        will_delay=WILL_DELAY_S,
        in_flight=IN_FLIGHT_MAX,
        packet=PACKET_BYTES_MAX,
        keepalive=KEEPALIVE_S_MAX,
    )


def order() -> str:
    """What is said when."""
    days, code_s = COMMAND_LIFETIME_MS_MAX // 86_400_000, CODE_LIFETIME_MS // 1_000
    pairing = PAIRING.format(cart="CART", nonce="NONCE")
    return ORDER.format(batch=BATCH_MAX, code_s=code_s, command_days=days, pairing=pairing)


def papers() -> str:
    """Who is who, and what no topic tells."""
    return PAPERS.format(app=APP_PREFIX, claim=CLAIM_PREFIX, service=SERVICE_PREFIX, broker=BROKER)


def catalog() -> str:
    """How a catalog is cut."""
    return CATALOG.format(catalog=CATALOG_BYTES_MAX, chunk=CHUNK_BYTES_MAX)


def closing() -> str:
    """The metadata above it all."""
    return CLOSING.format(
        trust=TRUST_BYTES_MAX,
        catalog=TRUSTED_CATALOG,
        published=TRUSTED_PUBLISHED,
        settings=TRUSTED_SETTINGS,
        roots=ROOTS_MAX,
    )
