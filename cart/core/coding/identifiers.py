"""The GS1 application identifiers (AIs) as one table: form, content checks, partners, links.

The facts are those of the GS1 General Specifications (chapter 3 the forms, 4.13 and 4.14 the
partners an AI must and must not have) as the GS1 Barcode Syntax Dictionary of January 2026
tabulates them, and of the GS1 Digital Link URI Syntax (keys and qualifiers). This module must
never judge a code; `elements`, `associations` and `links` do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

# One row for identifiers of one form. The columns:
#   identifiers   "7030-7039" is a range; "310-316n5" are 310n to 316n with n from 0 to 5
#   flags         * has a predefined length and needs no FNC1 after it
#                 ? may stand in the query of a link
#   parts         N digits, X set 82, Y set 39, Z base64url; ".." up to; […] optional;
#                 then the names of the content checks in `contents`; "*4" four times
#   needs         one of these must be there too ("+" joins what must come together; n any digit)
#   never with    none of these may be there; "own" is another one of the same family
#   link          "key" opens the path of a link, with its qualifiers in order, "/" an alternative
_TABLE = """
00              | *? | N18,check,prefix2 | | | key
01              | *? | N14,check,prefix2 | | 255 37 | key 22 10 21 / 235
02              | *? | N14,check,prefix2 | 37 | 01 03 |
03              | *  | N14,check,prefix2 | | 01 02 37 235 |
10              |  ? | X..20 | 01 02 03 8006 8026 | |
11 13 15 16     | *? | N6,date0 | 01 02 03 8006 8026 | |
12              | *? | N6,date0 | 8020 | |
17              | *? | N6,date0 | 01 02 03 255 8006 8026 | |
20              | *? | N2 | 01 02 03 8006 8026 | |
21              |    | X..20 | 01 03 8006 | 235 |
22              |    | X..20 | 01 | |
235             |    | X..28 | 01 | |
240 241         |  ? | X..30 | 01 02 03 8006 8026 | |
242             |  ? | N..6 | 01 02 8006 8026 | |
243             |  ? | X..20 | 01 03 | |
250             |  ? | X..30 | 01+21 03+21 8006+21 | |
251             |  ? | X..30 | 01 03 8006 | |
253             |  ? | N13,check,prefix1 [X..17] | | | key
254             |    | X..20 | 414 | |
255             |  ? | N13,check,prefix1 [N..12] | | 01 02 415 8006 8020 8026 | key
30              |  ? | N..8 | 01 02 | |
310-316n5 320-329n5 350-352n5 356-357n5 360-361n5 364-366n5 | *? | N6 | 01 02 | own |
330-336n5 340-349n5 353-355n5 362-363n5 367-369n5 | *? | N6 | 00 01 | own |
337n5           | *? | N6 | 01 | own |
37              |  ? | N..8 | 00+02 00+8026 | |
390n9           |  ? | N..15 | 255 8020 | own 391n 394n 8111 |
391n9           |  ? | N3,currency N..15 | 8020 | own |
392n9           |  ? | N..15 | 01+30 01+31nn 01+32nn 01+35nn 01+36nn | own 393n |
393n9           |  ? | N3,currency N..15 | 30 31nn 32nn 35nn 36nn | own |
394n3           |  ? | N4 | 255 | own 8111 |
395n5           |  ? | N6 | 30 31nn 32nn 35nn 36nn | own 392n 393n 8005 |
400             |  ? | X..30 | | |
401             |  ? | X..30,prefix1 | | | key
402             |  ? | N17,check,prefix1 | | | key
403             |  ? | X..30 | 00 | |
410-413 416     | *? | N13,check,prefix1 | | |
414             | *? | N13,check,prefix1 | | | key 254 / 7040
415             | *? | N13,check,prefix1 | 8020 | | key 8020
417             | *? | N13,check,prefix1 | | | key 7040
420             |  ? | X..20 | | 421 |
421             |  ? | N3,country X..9 | | 4307 |
422             |  ? | N3,country | 01 02 03 8006 8026 | 426 |
423 425         |  ? | N3,country [N3,country]*4 | 01 02 03 | 426 |
424             |  ? | N3,country | 01 02 03 | 426 |
426             |  ? | N3,country | 01 02 03 | |
427             |  ? | X..3 | 01+422 02+422 03+422 | |
4300 4301 4310 4311 4320 |  ? | X..35,percent | 00 | |
4302 4304-4306 4312 4314-4316 |  ? | X..70,percent | 00 | |
4303            |  ? | X..70,percent | 4302 | |
4307 4317       |  ? | X2,country2 | 00 | |
4308 4319       |  ? | X..30 | 00 | |
4309            |  ? | N10,latitude N10,longitude | 00 | |
4313            |  ? | X..70,percent | 4312 | |
4318            |  ? | X..20 | 00 | |
4321-4323       |  ? | N1,yes_no | 00 | |
4324 4325       |  ? | N6,date0 N4,time_or_none | 00 | |
4326            |  ? | N6,date | 00 | |
4330            |  ? | N6 [X1,hyphen] | 00 | 4331 |
4331            |  ? | N6 [X1,hyphen] | 00 | 4330 |
4332            |  ? | N6 [X1,hyphen] | 00 | 4333 |
4333            |  ? | N6 [X1,hyphen] | 00 | 4332 |
7001            |  ? | N13 | 01 02 8006 8026 | |
7002            |  ? | X..30 | 01 02 | |
7003            |  ? | N6,date N4,time | 01 02 03 | |
7004            |  ? | N..4 | 01+10 03+10 | |
7005            |  ? | X..12 | 01 02 | |
7006            |  ? | N6,date | 01 02 | |
7007            |  ? | N6,date [N6,date] | 01 02 | |
7008            |  ? | X..3 | 01 02 | |
7009            |  ? | X..10 | 01 02 | |
7010            |  ? | X..2 | 01 02 03 | |
7011            |  ? | N6,date [N4,time] | 01 02 03 | |
7020            |  ? | X..20 | 01+416 03+416 8006+416 | |
7021            |  ? | X..20 | 01 03 8006 | |
7022            |  ? | X..20 | 01+7021 03+7021 8006+7021 | |
7023            |  ? | X..30,prefix1 | | |
7030-7039       |  ? | N3,country_or_many X..27 | 01 02 | |
7040            |    | N1 X1 X1 X1,importer | | |
7041            |  ? | X..4,package | 00 | |
710-717         |  ? | X..20 | 01 | |
7230-7239       |  ? | X2 X..28 | 01 8004 | |
7240            |  ? | X..20 | 01 8006 | 03 |
7241            |  ? | N2,medium | 8017 8018 | |
7242            |  ? | X..25 | 8017 8018 | |
7250            |  ? | N8,full_date | 8018 | 7251 |
7251            |  ? | N8,full_date N4,time | 8018 | 7250 |
7252            |  ? | N1,sex | 8018 | |
7253 7254       |  ? | X..40,percent | 8017 8018 | 7256 7259 |
7255            |  ? | X..10 | 8017 8018 | 7256 7259 |
7256            |  ? | X..90,percent | 8017 8018 | |
7257            |  ? | X..70,percent | 8018 | |
7258            |  ? | X3,position | 8018+7259 | |
7259            |  ? | X..40,percent | 8018 | 7256 |
8001            |  ? | N4,not_zero N5,not_zero N3,not_zero N1,winding N1 | 01 | |
8002            |  ? | X..20 | | |
8003            |  ? | N1,zero N13,check,prefix1 [X..16] | | | key
8004            |  ? | X..30,prefix1 | | | key 7040
8005            |  ? | N6 | 01 02 | |
8006            |  ? | N14,check,prefix2 N4,piece | | 01 03 37 | key 22 10 21
8007            |  ? | X..34,iban | 415 | |
8008            |  ? | N6,date N2,hour [N2,minute] [N2,minute] | 01 02 03 | |
8009            |  ? | X..50 | 00 01 03 | |
8010            |  ? | Y..30,prefix1 | | | key 8011
8011            |    | N..12,no_zero_first | 8010 | |
8012            |  ? | X..20 | 01 03 8006 | |
8013            |  ? | X..25,check_pair,prefix1 | | | key
8014            |    | X..25,check_pair,prefix1,letter | 01 | |
8017            |  ? | N18,check,prefix1 | | 8018 | key 8019
8018            |  ? | N18,check,prefix1 | | 8017 | key 8019
8019            |    | N..10 | 8017 8018 | |
8020            |    | X..25 | 415 | |
8026            |  ? | N14,check,prefix2 N4,piece | 37 | 02 03 8006 |
8030            |  ? | Z..90 | 00 01+21 03+21 253 255 8003 8004 8006+21 8010+8011 8017 8018 | |
8040            |    | N15 | 01+21 | |
8041            |    | N15 | 01+21+8040 | |
8042            |    | N32 | 01+21+8040 | |
8043            |    | N18 [N..2] | 01+21+8040 | |
8110            |  ? | X..70,coupon | | |
8111            |  ? | N4 | 255 | |
8112            |  ? | X..70,positive_offer | | |
8200            |    | X..70 | 01 | |
90              |  ? | X..30 | | |
91-99           |  ? | X..90 | | |
"""


class Part(NamedTuple):
    """One component of a value: its characters, its length, its checks."""

    kind: str
    length_min: int
    length_max: int
    optional: bool
    checks: tuple[str, ...]


class Identifier(NamedTuple):
    """What is known of one application identifier; the columns of the table."""

    ai: str
    predefined: bool
    attribute: bool
    parts: tuple[Part, ...]
    needs: tuple[tuple[str, ...], ...]
    excludes: tuple[str, ...]
    # None: no key of a link. Else every order of qualifiers that may follow it.
    qualifiers: tuple[tuple[str, ...], ...] | None

    @property
    def length_min(self) -> int:
        """Characters of the shortest value."""
        return sum(part.length_min for part in self.parts if not part.optional)

    @property
    def length_max(self) -> int:
        """Characters of the longest value."""
        return sum(part.length_max for part in self.parts)


def identifier_at(text: str) -> Identifier | None:
    """The AI that `text` begins with; no AI is the beginning of another one."""
    found = (IDENTIFIERS.get(text[:length]) for length in (2, 3, 4))
    return next((identifier for identifier in found if identifier is not None), None)


def _names(token: str) -> Iterator[str]:
    families, _, last = token.partition("n")
    first, _, end = families.partition("-")
    for number in range(int(first), int(end or first) + 1):
        name = f"{number:0{len(first)}d}"
        yield from (f"{name}{digit}" for digit in range(int(last) + 1)) if last else (name,)


def _parts(token: str) -> tuple[Part, ...]:
    drawn, _, times = token.partition("*")
    kind, *checks = drawn.strip("[]").split(",")
    length = int(kind[1:].lstrip("."))
    part = Part(
        kind=kind[0],
        length_min=1 if ".." in kind else length,
        length_max=length,
        optional=drawn.startswith("["),
        checks=tuple(checks),
    )
    return (part,) * int(times or 1)


def _row(line: str) -> Iterator[Identifier]:
    names, flags, parts, needs, excludes, link = (cell.strip() for cell in line.split("|"))
    role, _, sequences = link.partition(" ")
    for ai in (name for token in names.split() for name in _names(token)):
        yield Identifier(
            ai=ai,
            predefined="*" in flags,
            attribute="?" in flags,
            parts=tuple(part for token in parts.split() for part in _parts(token)),
            needs=tuple(tuple(group.split("+")) for group in needs.split()),
            excludes=tuple(excludes.replace("own", f"{ai[:3]}n").split()),
            qualifiers=tuple(tuple(order.split()) for order in sequences.split("/"))
            if role == "key"
            else None,
        )


IDENTIFIERS: Mapping[str, Identifier] = {
    row.ai: row for line in _TABLE.strip().splitlines() for row in _row(line)
}
