"""The scripted shopper: plays a scenario on the running shop and compares what the cart says.

It acts on the simulated world, touches the real screen, reads the QR code off the screen's
picture; without a screen it sends the intents itself. It must never know how the cart decides.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from cart.contract.screen import Snapshot
from cart.core.intents import TouchAction
from rig import phone
from rig.cart_watch import CartWatch
from rig.demo.stack import CARTD, SCREEN, STORE, TENANT, Stack
from rig.finger import Finger, FingerError
from rig.phone import PhoneError
from rig.probes import PROBES, Seen, money, store_receipt
from rig.world_client import WorldError

STEP_S = 6.0
BREATH_S = 0.8  # a person reaches for the next thing; nobody puts in ten goods in ten seconds
BACK_MAX_S = 8.0
# What a tap on each name means to the cart, for a shop without a screen.
INTENTS: dict[str, TouchAction] = {
    "start": "start",
    "own": "answer",
    "none": "answer",
    "later": "later",
    "pay_start": "pay_start",
    "pay_confirm": "pay_confirm",
    "keep_shopping": "keep_shopping",
    "done": "done",
    "help": "help",
    "fee.bag": "fee",
    "benefits": "benefits",
}
# What goes with a tap that chooses something on the pay screen: target and choice.
CHOSEN = {"fee.bag": ("bag", "1"), "benefits": ("", "yes")}


class ScenarioError(ValueError):
    """The scenario file can't be played; the text names what is wrong."""


class Step(msgspec.Struct, forbid_unknown_fields=True):
    """One row: what is done, in order, and what each named probe must say at the end.

    The words must come true within `STEP_S`, and still be true after `hold_ms`."""

    name: str
    do: list[dict[str, Any]]
    expect: dict[str, str]
    hold_ms: int = 0

    def __post_init__(self) -> None:
        unknown = sorted(set(self.expect) - set(PROBES))
        if unknown:
            raise ValueError(f"{self.name}: no probe {unknown[0]!r}; choose from {list(PROBES)}")


class Scenario(msgspec.Struct, forbid_unknown_fields=True):
    """A whole trip."""

    steps: list[Step]


class Row(msgspec.Struct):
    """One line of the table at the end, and of trip.json."""

    step: str
    expected: str
    said: str
    same: bool


def load(path: Path) -> Scenario:
    """Read a scenario. Raises ScenarioError."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Scenario)
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError) as error:
        raise ScenarioError(f"{path}: {error}") from error


class Shopper:
    """Plays steps. `watch` must be connected to the same shop as `stack`."""

    def __init__(self, stack: Stack, watch: CartWatch) -> None:
        self._stack = stack
        self._watch = watch
        self._finger = Finger(stack.finger_socket)
        self._pause = threading.Event().wait
        self._back_s: dict[str, float] = {}
        self._receipt_came = ""
        self._pictures = 0
        self.picture_trouble = ""
        self._verbs: dict[str, Callable[..., None]] = {
            "pair": self._pair,
            "tap": self._tap,
            "wait": self._wait_for_screen,
            "wifi": lambda up: stack.set_wifi(up=up),
            "kill": self._kill,
            "leave": self._leave,
        }

    def play(self, step: Step) -> Row:
        """Do a step, wait for what is expected, tell what the cart said."""
        self._back_s.clear()
        try:
            for order in step.do:
                self._do(order)
        except (FingerError, WorldError, PhoneError, OSError) as error:
            return Row(step.name, _words(step.expect), f"could not be done: {error}", same=False)
        self._until_said(step.expect)
        self._pause(step.hold_ms / 1000)
        said = {name: PROBES[name](self._seen()) for name in step.expect}
        self.take_picture()
        return Row(step.name, _words(step.expect), _words(said), said == step.expect)

    def take_picture(self) -> None:
        """Save what the screen shows now as NN-<screen>.png; nothing without a screen.

        The trip goes on without the pictures that can't be saved: `picture_trouble` says why."""
        if not self._stack.has_screen or self.picture_trouble:
            return
        picture = self._stack.out / ".picture.png"
        revision = self._seen().snapshot.revision
        try:
            answer = self._finger.shot(picture, revision)
            picture.replace(self._stack.out / f"{self._pictures + 1:02}-{answer['route']}.png")
        except (FingerError, OSError) as error:
            self.picture_trouble = f"no further picture: {error}"
            return
        self._pictures += 1

    def _do(self, order: dict[str, Any]) -> None:
        verb = self._verbs.get(order["do"])
        if verb is not None:
            verb(**{name: value for name, value in order.items() if name != "do"})
            return
        self._pause(BREATH_S)
        self._stack.world.do(order)

    def _until_said(self, expected: dict[str, str]) -> None:
        deadline_s = time.monotonic() + STEP_S
        while time.monotonic() < deadline_s:
            seen = self._seen()
            if all(PROBES[name](seen) == words for name, words in expected.items()):
                return
            self._pause(0.02)

    def _seen(self) -> Seen:
        snapshot = self._watch.snapshot
        assert snapshot is not None, "the shop is up, so cartd has spoken"
        return Seen(snapshot, self._stack, dict(self._back_s), self._receipt_came)

    def _pair(self, shopper: str, *, member: bool = False) -> None:
        shown = self._watch.wait_for(_offers_pairing, STEP_S)
        text = shown.pairing if shown else ""
        if self._stack.has_screen:
            text = self._scan_qr()
        if member:
            self._stack.make_member(shopper)
        phone.claim(text, shopper, broker=self._stack.broker, tenant=TENANT, store=STORE)

    def _scan_qr(self) -> str:
        """Hold the phone to the screen until it reads the code, as a person does."""
        deadline_s = time.monotonic() + STEP_S
        with tempfile.TemporaryDirectory(prefix="dashcart-phone-") as folder:
            picture = Path(folder) / "welcome.png"
            while True:
                self._finger.shot(picture)
                try:
                    return phone.read_qr(picture)
                except PhoneError:
                    if time.monotonic() > deadline_s:
                        raise
                self._pause(0.1)

    def _tap(self, name: str) -> None:
        if self._stack.has_screen:
            self._finger.tap(name)
            return
        if name in CHOSEN:
            self._watch.send(INTENTS[name], *CHOSEN[name])
            return
        snapshot = self._seen().snapshot
        question = snapshot.question.question_id if snapshot.question else ""
        choice = name if INTENTS[name] == "answer" else ""
        self._watch.send(INTENTS[name], question if choice or name == "later" else "", choice)

    def _wait_for_screen(self, screen: str = "", says: str = "") -> None:
        self._watch.wait_for(
            lambda snapshot: (
                screen in ("", snapshot.route)
                and (not says or says in [notice.code for notice in snapshot.notices])
            ),
            STEP_S,
        )
        self.take_picture()

    def _kill(self, names: Iterable[str]) -> None:
        """SIGKILL, then measure for each how long until it is back and right."""
        chosen = [name for name in names if name != SCREEN or self._stack.has_screen]
        before, connections = self._seen().snapshot, self._watch.connections
        killed_s = time.monotonic()
        self._stack.supervisor.kill(chosen)
        waiting: dict[str, Callable[[], bool]] = {
            name: self._is_back(name, before, connections) for name in chosen
        }
        while waiting and time.monotonic() - killed_s < BACK_MAX_S:
            for name in [name for name, is_back in waiting.items() if is_back()]:
                self._back_s[name] = time.monotonic() - killed_s
                del waiting[name]
            self._pause(0.02)
        self._back_s |= dict.fromkeys(waiting, BACK_MAX_S)

    def _is_back(self, name: str, before: Snapshot, connections: int) -> Callable[[], bool]:
        if name == CARTD:
            return lambda: (
                self._watch.connections > connections and _same(before, self._seen().snapshot)
            )
        if name == SCREEN:
            total = money(before.total_minor)
            return lambda: any(total in text for text in self._finger.texts())
        return lambda: self._stack.supervisor.is_ready(name)

    def _leave(self) -> None:
        """Look at the store's books, and only then go."""
        snapshot = self._seen().snapshot
        receipt = store_receipt(self._stack)
        there = bool(snapshot.receipt_id) and receipt.get("receipt_id") == snapshot.receipt_id
        open_still = not receipt.get("closed", True)
        self._receipt_came = "before the cart left" if there and open_still else "not in time"
        self._tap("done")


def _offers_pairing(snapshot: Snapshot) -> bool:
    return snapshot.route == "welcome" and bool(snapshot.pairing) and snapshot.online


def _same(one: Snapshot, other: Snapshot) -> bool:
    return (one.total_minor, [line.line_id for line in one.lines]) == (
        other.total_minor,
        [line.line_id for line in other.lines],
    )


def _words(named: dict[str, str]) -> str:
    return " · ".join(f"{name.replace('_', ' ')}: {words}" for name, words in named.items())
