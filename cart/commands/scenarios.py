"""`python -m cart price --jsonl` without a catalog: scenarios with goods and offers of their own.

One scenario a line in, one answer a line out, both in the words of docs/pricing.md.
"""

from __future__ import annotations

from typing import Any

import msgspec

from cart.contract.lines import ContractError
from cart.core.pricing.certificate import Certificate, certificate_of
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
