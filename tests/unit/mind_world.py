"""A small store and a pair of hands for tests of the mind: they make observations, nothing else."""

from __future__ import annotations

from cart.core import mind
from cart.core.catalog import Aisle, Catalog, CodeLayout, Product, TaxRate
from cart.core.effects import Effect
from cart.core.events import Event
from cart.core.intents import TouchAction
from cart.core.notices import Notice
from cart.core.observations import (
    AnyObservation,
    Booted,
    Candidate,
    CatalogArrived,
    ItemSighted,
    LinkChanged,
    LoadChanged,
    PairCodeMade,
    ScanSeen,
    Tick,
    Touch,
)
from cart.core.pricing.n_for_price import NForPrice
from cart.core.state import State
from cart.core.weighed import Readings

TOMATOES, PASTA, RICE, GUM = "tomatoes", "pasta", "rice", "gum"
BANANAS, APPLES, CHEESE = "bananas", "apples", "cheese"
GTINS = {
    TOMATOES: "9520000000011",
    PASTA: "9520000000028",
    RICE: "9520000000035",
    GUM: "9520000000042",
}
MASSES_MG = {TOMATOES: 458_000, PASTA: 507_000, RICE: 512_000, GUM: 8_000}

CATALOG = Catalog(
    version=1,
    currency="USD",
    products=(
        Product(TOMATOES, "Tomatoes", 129, gtins=("09520000000011",), mass_mg=458_000),
        Product(PASTA, "Pasta", 149, gtins=("09520000000028",), mass_mg=507_000),
        Product(RICE, "Rice", 219, gtins=("09520000000035",), mass_mg=512_000),
        Product(GUM, "Gum", 59, gtins=("09520000000042",), mass_mg=8_000, mass_spread_mg=300),
        Product(BANANAS, "Bananas", 149, sold_by="mass", plu="4011"),
        Product(APPLES, "Apples", 249, sold_by="mass", plu="4135"),
        Product(CHEESE, "Cheese", 1_890, sold_by="mass", plu="2114"),
    ),
    deals=(
        NForPrice(
            deal_id="tomatoes-2", title="2 for 2.00", skus=(TOMATOES,), quantity=2, price_minor=200
        ),
    ),
    tax_rates=(TaxRate("standard", 0),),
    code_layouts=(CodeLayout("28", "price"),),
    aisles=(Aisle("1", "Everything", (TOMATOES, PASTA, RICE, GUM, BANANAS, APPLES)),),
)


class Hands:
    """Puts things in, takes them out and touches the screen, half a second apart."""

    def __init__(self, journal: tuple[Event, ...] = (), catalog: Catalog = CATALOG) -> None:
        self.state: State = mind.initial()
        self.now_ms = 1_000
        self.events: list[Event] = []
        self.notices: list[Notice] = []
        self.effects: list[Effect] = []
        self.observations: list[AnyObservation] = []
        self.load_mg = 0
        self.touches = 0
        self.say(Booted(self.now_ms, "cart-01", 1, journal))
        self.say(CatalogArrived(self.now_ms, catalog))
        self.say(PairCodeMade(self.now_ms, "nonce-0001"))
        self.say(LinkChanged(self.now_ms, online=True))

    def say(self, observation: AnyObservation) -> list[Event]:
        """Let the mind think about one observation; return the facts it states."""
        turn = mind.step(self.state, observation)
        self.observations.append(observation)
        self.state = turn.state
        self.events += turn.events
        self.notices += turn.notices
        self.effects += turn.effects
        return list(turn.events)

    def wait(self, period_ms: int) -> list[Event]:
        """Let time pass in ticks of 100 ms."""
        facts: list[Event] = []
        for _ in range(period_ms // 100):
            self.now_ms += 100
            facts += self.say(Tick(self.now_ms))
        return facts

    def scan(self, sku_or_text: str, symbology: str = "EAN13") -> list[Event]:
        """The camera reads a code."""
        self.now_ms += 100
        text = GTINS.get(sku_or_text, sku_or_text)
        return self.say(ScanSeen(self.now_ms, self.now_ms, text, symbology, "camera"))

    def glimpse(self, sku_or_text: str, symbology: str = "EAN13") -> list[Event]:
        """The camera reads a code in a way that is right nine times in ten, and nothing agrees."""
        self.now_ms += 100
        text = GTINS.get(sku_or_text, sku_or_text)
        seen = ScanSeen(self.now_ms, self.now_ms, text, symbology, "camera", -105, proven=False)
        return self.say(seen)

    def sight(self, sku: str, millinats: int = -50, unknown_millinats: int = -4_000) -> None:
        """The eyes see something they take for this product."""
        self.now_ms += 50
        seen = (Candidate(sku, millinats),) if sku else ()
        self.say(ItemSighted(self.now_ms, self.now_ms, seen, unknown_millinats))

    def load(
        self, change_mg: int, uncertainty_mg: int = 1_000, readings: Readings | None = None
    ) -> list[Event]:
        """The load changes and comes to rest; `readings` is what the scale indicated."""
        before_mg, self.load_mg = self.load_mg, self.load_mg + change_mg
        onset_ms, self.now_ms = self.now_ms + 100, self.now_ms + 700
        facts = self.say(LoadChanged(onset_ms, onset_ms, before_mg, self.load_mg, state="moving"))
        settled = LoadChanged(
            self.now_ms,
            self.now_ms,
            before_mg,
            self.load_mg,
            onset_ms,
            uncertainty_mg,
            readings=readings,
        )
        return facts + self.say(settled)

    def put(self, sku: str, pieces: int = 1) -> list[Event]:
        """Show a good's code to the camera and put the pieces in."""
        self.scan(sku)
        return self.load(pieces * MASSES_MG[sku])

    def touch(self, action: TouchAction, target: str = "", choice: str = "") -> list[Event]:
        """Touch the screen."""
        self.touches += 1
        self.now_ms += 100
        return self.say(Touch(self.now_ms, f"touch-{self.touches}", action, target, choice))

    @property
    def skus(self) -> list[str]:
        """What stands on the receipt."""
        return [line.sku for line in self.state.basket.lines]

    @property
    def total_minor(self) -> int:
        """What the receipt adds up to."""
        assert self.state.receipt is not None
        return self.state.receipt.total_minor

    def told(self) -> list[str]:
        """The codes of every notice so far."""
        return [notice.code for notice in self.notices]


def check_digit(twelve: str) -> str:
    """The thirteenth digit of an EAN-13."""
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(twelve))
    return str(-weighted % 10)
