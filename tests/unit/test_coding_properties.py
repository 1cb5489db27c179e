"""What holds for all codes: forms agree, rules bite, and no text of the world breaks the reader."""

from __future__ import annotations

import time
from datetime import date
from urllib.parse import quote

import msgspec
import pytest
from biip.checksums import gs1_standard_check_digit
from hypothesis import given, settings
from hypothesis import strategies as some

from cart.core.coding.associations import association_faults
from cart.core.coding.carriers import CARRIERS
from cart.core.coding.coupons import Purchase
from cart.core.coding.dates import year_of
from cart.core.coding.elements import Elements, readable
from cart.core.coding.identifiers import IDENTIFIERS
from cart.core.coding.reading import Question, Reading, read

TODAY = date(2026, 11, 22)
KINDS = (
    "bracketed", "element_string", "digital_link", "gtin", "upc_e", "scan", "rcn",
    "rcn_lookup_key", "plu",
)  # fmt: skip


def asked(text: str, kind: str = "scan", symbology: str = "", region: str = "") -> Reading:
    """The reading of a text today."""
    return read(Question(text, TODAY, kind, symbology, region))


def ended(digits: str) -> str:
    """The digits with their check digit."""
    return f"{digits}{gs1_standard_check_digit(digits)}"


gtins = some.integers(10**9, 10**13 - 1).map(lambda number: ended(f"{number:013d}"))
texts = some.text("ABCXYZabcxyz0189-_./%&+=?!\"'*", min_size=1, max_size=20)
dates = some.dates(date(2000, 1, 1), date(2049, 12, 31)).map(lambda day: day.strftime("%y%m%d"))


@given(gtins, texts, texts, dates)
def test_every_form_says_the_same(gtin: str, lot: str, serial: str, day: str) -> None:
    """Brackets, FNC1 and a link are three ways to write one message."""
    elements = (("01", gtin), ("10", lot), ("21", serial), ("17", day))
    strung = f"01{gtin}10{lot}\x1d21{serial}\x1d17{day}"
    path = f"01/{gtin}/10/{quote(lot, safe='')}/21/{quote(serial, safe='')}"
    readings = [
        asked(readable(elements), "bracketed"),
        asked(strung, "element_string", "]C1"),
        asked(f"https://example.com/{path}?17={day}", "digital_link"),
        asked(f"]d2{strung}"),
        asked(f"]Q1https://example.com/{path}?17={day}"),
    ]
    for said in readings:
        assert (said.ok, said.ais, said.gtin) == (True, elements, gtin), said.error
        assert (said.lot, said.serial, said.hri) == (lot, serial, readable(elements))
        assert said.use_by == f"20{day[:2]}-{day[2:4]}-{day[4:]}"


@given(gtins, some.integers(1, 9), some.integers(0, 13))
def test_a_wrong_digit_is_found_in_every_form(gtin: str, change: int, at: int) -> None:
    """No form sells a number whose check digit does not fit."""
    wrong = f"{gtin[:at]}{(int(gtin[at]) + change) % 10}{gtin[at + 1 :]}"
    assert not asked(wrong, "gtin").ok
    assert not asked(f"(01){wrong}", "bracketed").ok
    assert not asked(f"01{wrong}", "element_string", "]e0").ok
    assert not asked(f"https://a/01/{wrong}", "digital_link").ok
    assert not asked(f"]I1{wrong}").ok


identifiers = some.sampled_from(sorted(IDENTIFIERS))


@given(some.lists(some.tuples(identifiers, texts), max_size=6))
def test_partners_do_not_depend_on_order(pairs: list[tuple[str, str]]) -> None:
    """What may stand together may stand together in any order; saying it twice changes nothing."""
    elements: Elements = tuple(dict(pairs).items())
    faults = sorted(association_faults(elements))
    assert sorted(association_faults(elements[::-1])) == faults
    assert sorted(association_faults((*elements, *elements))) == faults


@given(identifiers)
def test_an_identifier_with_partners_needs_one_of_them(ai: str) -> None:
    """Each AI with needs is refused alone, and with any one group of its partners it is not."""
    row = IDENTIFIERS[ai]
    alone = [fault for fault in association_faults(((ai, "1"),)) if "needs" in fault]
    assert bool(alone) == bool(row.needs)
    for group in row.needs:
        partners = [next(o for o in IDENTIFIERS if o.startswith(p.rstrip("n"))) for p in group]
        together = tuple((partner, "1") for partner in (ai, *partners))
        missing = [fault for fault in association_faults(together) if f"({ai}) needs" in fault]
        assert not missing


@given(some.integers(0, 99), some.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_two_digits_mean_the_near_century(two_digits: int, today: date) -> None:
    """From 49 years back to 50 ahead, and ending in the digits that were printed."""
    year = year_of(two_digits, today)
    assert year % 100 == two_digits
    assert -49 <= year - today.year <= 50


@given(
    gcp=some.from_regex(r"[0-9]{6,12}", fullmatch=True),
    offer=some.from_regex(r"[0-9]{6}", fullmatch=True),
    save_value=some.integers(1, 99_999),
    requirement=some.integers(1, 99_999),
    code=some.sampled_from("012349"),
    family=some.from_regex(r"[0-9]{3}", fullmatch=True),
    day=dates,
)
def test_coupons_round_trip(
    gcp: str, offer: str, save_value: int, requirement: int, code: str, family: str, day: str
) -> None:
    """What a maker encodes is what is read, with each optional field behind it."""
    required = (
        f"{len(gcp) - 6}{gcp}{offer}{len(str(save_value))}{save_value}"
        f"{len(str(requirement))}{requirement}{code}{family}"
    )
    said = asked(f"(8110){required}3{day}61076543290101", "bracketed")
    assert said.ok
    assert (said.gcp, said.offer, said.save_value) == (gcp, offer, save_value)
    assert (said.purchase_req, said.purchase_code, said.family) == (requirement, code, family)
    assert said.coupon is not None
    assert (said.coupon.expires, said.coupon.retailer) == (day, "0765432")
    assert (said.coupon.do_not_multiply, said.coupon.store_coupon) == (True, "0")
    for length in range(len(required)):
        assert not asked(f"(8110){required[:length]}", "bracketed").ok


# What may follow the required fields, and what may not: docs/codes.md has the table of fields.
REQUIRED = "106141416543213250110120"
COUPON_ENDS = [
    ("111401450065432", True),
    ("141401459", False),  # no rule 4
    ("101451459", False),  # no requirement code 5
    ("101401458", False),  # no such length of a company prefix
    ("21101459", True),
    ("3261231", True),
    ("3261200", False),  # a day, not a month
    ("4260101", True),
    ("32601014260102", False),  # ends before it starts
    ("42601013260102", False),  # out of their order
    ("32601013260101", False),
    ("50123456", True),
    ("611234567", True),
    ("61123456", False),
    ("7123", False),
    ("90001", True),
    ("95201", True),
    ("93000", False),
    ("90300", False),
    ("90002", False),
]


@pytest.mark.parametrize(("end", "sound"), COUPON_ENDS)
def test_the_optional_fields_of_a_coupon(end: str, sound: bool) -> None:
    """Each field has its rules; one that breaks them spoils the coupon."""
    assert asked(f"(8110){REQUIRED}{end}", "bracketed").ok == sound


def test_further_purchases_of_a_coupon() -> None:
    """A second purchase of the same company, and a third one of another."""
    second, third = "101308509", "211465010765432"
    said = asked(f"(8110){REQUIRED}{second}{third}", "bracketed")
    assert said.coupon is not None, said.error
    assert said.coupon.second == Purchase(requirement=3, code="0", family="850")
    assert said.coupon.third == Purchase(requirement=1, code="4", family="650", gcp="0765432")


WRITTEN = some.sampled_from(
    ["", "]C1", "]e0", "]Q1", "]Q3", "]E0", "]I1", "(01)", "(8110)", "https://a/01/", "\x1d01"]
)
ALPHABET = some.characters() | some.sampled_from("()[]]|\x1d\\0123456789/:%?&=+;#01.-^")


@given(
    start=WRITTEN,
    rest=some.text(ALPHABET, max_size=120),
    kind=some.sampled_from(KINDS),
    symbology=some.sampled_from(["", "QR", *CARRIERS]),
    region=some.sampled_from(["", "DE", "US", "SE"]),
)
def test_no_text_breaks_the_reader(
    start: str, rest: str, kind: str, symbology: str, region: str
) -> None:
    """Every text has a reading that can be sent as JSON; one that is refused says why."""
    said = asked(start + rest, kind, symbology, region)
    assert msgspec.json.encode(said)
    assert said.ok == (said.error is None)


@given(some.lists(some.tuples(identifiers, some.text(max_size=30)), max_size=8))
def test_right_identifiers_with_impossible_values(pairs: list[tuple[str, str]]) -> None:
    """Sound identifiers and any values at all: an answer, never an exception."""
    for text in (readable(tuple(pairs)), "\x1d".join(ai + value for ai, value in pairs)):
        for kind in KINDS:
            assert asked(text, kind, "]C1").ok in (True, False)
    link = "&".join(f"{ai}={quote(value)}" for ai, value in pairs)
    assert asked(f"https://a/01/12312312312333?{link}").ok in (True, False)


HOSTILE_LENGTH = 10_000
READING_MS_MAX = 5


def hostile() -> list[str]:
    """Long texts, and the costliest texts of a length that is still read."""
    longest = 1_000
    fill = [
        "(99)A", "(", "(01)", "(8110)9", "99A\x1d", "\x1d", "01", "/01", "/01/1", "&99=A", "%41",
        "9", "0", "A", "\\(", "]", "|]e0", "\0", "٣", "(3100)000001", "(8030)A", "&", "(00)0",
    ]  # fmt: skip
    starts = ["", "]C1", "]Q1https://a/01/12312312312333", "https://a/", "(10)", "]E0", "(8007)DE"]
    texts = [start + part * HOSTILE_LENGTH for start in starts for part in fill]
    # As many different identifiers as can be, each with partners to look for.
    texts.append("".join(f"({ai}){'1' * row.length_min}" for ai, row in IDENTIFIERS.items()))
    texts.append("".join(f"{ai}{'1' * row.length_min}\x1d" for ai, row in IDENTIFIERS.items()))
    for digit in "139":
        some_of = [ai for ai in IDENTIFIERS if ai.startswith(digit)]
        texts.append("https://a/01/12312312312333?" + "&".join(f"{ai}=1" for ai in some_of))
    return [text[:length] for text in texts for length in (longest, HOSTILE_LENGTH)]


def test_a_hostile_text_is_answered_at_once() -> None:
    """Within 5 ms of process time each, in every kind; the fastest of three rules out others."""
    for text in hostile():
        for kind in KINDS:
            spent_ms = min(spent_on(text, kind) for _ in range(3))
            assert spent_ms < READING_MS_MAX, (kind, text[:40])


def spent_on(text: str, kind: str) -> float:
    """Milliseconds of processor time for one reading."""
    before = time.process_time()
    asked(text, kind, "" if kind == "scan" else "]C1", "DE")
    return (time.process_time() - before) * 1_000


@settings(max_examples=200)
@given(some.text(ALPHABET, min_size=1, max_size=1_200), some.sampled_from(KINDS))
def test_no_fuzzed_text_takes_long(text: str, kind: str) -> None:
    """The same bound over texts that nobody thought of."""
    assert min(spent_on(text, kind) for _ in range(3)) < READING_MS_MAX


def test_a_long_text_is_refused_for_its_length() -> None:
    """10 kB are no product code, and nothing of them is read."""
    said = asked("(01)" * 2_500, "bracketed")
    assert (said.ok, said.error) == (
        False,
        "10000 characters: a product code has at most 1000",
    )
