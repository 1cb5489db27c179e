"""`python -m cart price --jsonl` without a catalog: scenarios with goods and offers of their own.

One scenario a line in, one answer a line out, both in the words of docs/pricing.md; with --check
one claim a line in, one verdict a line out.
"""

from __future__ import annotations

from typing import Any

import msgspec

from cart.contract.lines import ContractError, decode
from cart.core.pricing.certificate import Certificate, certificate_of
from cart.core.pricing.checker import check
from cart.core.pricing.order import Priced
from cart.core.pricing.pricing import price
from cart.core.pricing.scenario import Scenario, scenario_of
from cart.core.pricing.vocabulary import ScenarioError
from cart.core.value import Value


class Answer(Value, omit_defaults=False):
    """What a scenario costs. `gap_minor` is how much less it could be at most."""

    id: str
    subtotal: int
    discount_total: int
    line_discounts: dict[str, int]
    tax: int
    deposit: int
    fees: int
    tenders: dict[str, int]
    applied: list[str]
    total: int
    gap_minor: int
    rows: list[dict[str, Any]]
    unknown: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    differs: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    certificate: Certificate | msgspec.UnsetType = msgspec.UNSET


def answer_scenario(line: bytes, where: str, *, certificate: bool) -> Answer:
    """Price one scenario. Raises ContractError."""
    try:
        row = msgspec.json.decode(line)
        if not isinstance(row, dict):
            raise ContractError(f"{where}: a scenario is one JSON object")
        scenario = scenario_of(row)
    except (ScenarioError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ContractError(f"{where}: {error}; see docs/pricing.md") from error
    priced = price(scenario.order)
    if priced.total_minor < priced.snap_minor:
        raise ContractError(
            f"{where}: returns: more than there is to pay; a cart gives no money out"
        )
    found = certificate_of(row, scenario.order, priced) if certificate else msgspec.UNSET
    return _answer(scenario, priced, found)


class Claim(Value):
    """A scenario, and the certificate of an answer to it."""

    scenario: dict[str, Any]
    certificate: Certificate


class Checked(Value):
    """What a stranger finds of a claim. `gap_minor` is how much is not proved: 0 is all of it."""

    id: str
    ok: bool
    faults: tuple[str, ...]
    gap_minor: int


def answer_claim(line: bytes, where: str) -> Checked:
    """Check one certificate against its scenario, without the search. Raises ContractError."""
    claim: Claim = decode(Claim, line, where)
    try:
        verdict = check(claim.scenario, claim.certificate)
    except ScenarioError as error:
        raise ContractError(f"{where}: {error}; see docs/pricing.md") from error
    proved = not verdict.faults and verdict.gap_minor <= claim.certificate.gap
    return Checked(str(claim.scenario.get("id", "")), proved, verdict.faults, verdict.gap_minor)


def _answer(
    scenario: Scenario, priced: Priced, certificate: Certificate | msgspec.UnsetType
) -> Answer:
    by_line = {item.line_id: 0 for item in scenario.order.items}
    for row in priced.rows:
        by_line[row.line_id] += row.amount_minor
    tenders = {"snap": priced.snap_minor, "other": priced.total_minor - priced.snap_minor}
    return Answer(
        id=scenario.scenario_id,
        subtotal=priced.subtotal_minor,
        discount_total=priced.discount_minor,
        line_discounts=by_line,
        tax=priced.tax_minor,
        deposit=priced.deposit_minor,
        fees=priced.fees_minor,
        tenders=tenders,
        applied=[deal.deal_id for deal in scenario.order.offers.deals
                 if deal.deal_id in priced.applied],
        total=priced.total_minor,
        gap_minor=priced.gap_minor,
        rows=[{"line": row.line_id, "offer": row.deal_id, "amount": row.amount_minor,
               "funder": row.funder} for row in priced.rows],
        unknown=scenario.unknown or msgspec.UNSET,
        differs=scenario.differs or msgspec.UNSET,
        certificate=certificate,
    )  # fmt: skip
