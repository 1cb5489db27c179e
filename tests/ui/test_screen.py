"""The real screen: each route drawn, touched through its window, killed, and fed nonsense."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace
from PIL import Image

from cart.contract.lines import encode
from cart.contract.screen import LineView, Snapshot
from tests.ui.harness import Screen, kept_snapshots
from tests.waiting import DEADLINE_S, until

KEPT = {snapshot.revision: snapshot for snapshot in kept_snapshots()}
ROUTES = [snapshot.route for snapshot in KEPT.values()]
SIZES = ("800x480", "720x1280", "1280x800")
TARGET_MIN_PX = 48
MEMORY_GROWTH_MAX_BYTES = 30_000_000
# 1,000 lines and 100 screens are drawn from one measurement to the next.
MEMORY_LEAK_MAX_BYTES = 1_000_000

# What a shopper must be able to read on each kept snapshot.
KEY_TEXTS = {
    1: ["Welcome", "Shop without the app"],
    2: ["Your cart is empty", "$0.00"],
    3: [
        "Olive oil 500 ml",
        "What is this?",
        "$31.53",
        "$2.37",
        "Add 1 × Whole milk 1 L",
        "−$0.25",
    ],
    4: ["0.742\u00a0kg", "$1.29 / kg", "$0.96", "Reading 105  ·  dashcart-metrology beb2bdf87c55"],
    5: ["What did you put in?", "Whole milk 1 L", "None of these", "It is my own thing"],
    6: ["What did you take out?", "Offline", "No camera", "12\u00a0%"],
    7: ["Please show its barcode", "Turn its barcode to the camera"],
    8: ["Ready to pay?", "Pay $33.81", "Tax 7.25 % (household)"],
    9: ["Thank you, Ana", "R-952-0042-000017", "$33.81"],
    10: ["Bananas: a little more, please", "Take some more of it", "Call for help"],
}

revisions = iter(range(1_000, 1_000_000))


def can_tap(screen: Screen, name: str) -> bool:
    """Whether something of this name is there to be touched."""
    return name in screen.state()["targets"]


def nothing_is_cut(screen: Screen) -> bool:
    """Whether every text has its room, once what was opened is laid out."""
    return not screen.state()["cut"]


def fresh(revision: int, **changes: object) -> Snapshot:
    """A kept snapshot under a new revision, as a cart would send it."""
    return replace(KEPT[revision], revision=next(revisions), **changes)


def long_receipt(count: int, newest: int) -> Snapshot:
    """A shopping snapshot with many lines."""
    lines = tuple(
        LineView(f"L{n}", f"Thing {n}", 1, n, n, n, newest=n == newest, image="bananas")
        for n in range(count)
    )
    return fresh(3, lines=lines)


@pytest.mark.parametrize("revision", KEPT)
def test_each_screen_is_drawn(screen: Screen, revision: int, tmp_path: Path) -> None:
    """Every kept snapshot becomes a picture, not of one colour, with its key texts and no cuts."""
    snapshot = fresh(revision)
    state = screen.show(snapshot)
    assert state["route"] == snapshot.route
    assert [text for text in KEY_TEXTS[revision] if text not in state["texts"]] == []
    assert state["cut"] == []
    saved = screen.ask(shot=str(tmp_path / "a.png"))
    assert saved["revision"] == snapshot.revision
    with Image.open(saved["saved"]) as picture:
        assert picture.size == (1280, 800)
        assert len(picture.getcolors(maxcolors=1_000_000) or []) > 50


def test_the_first_frame_is_the_whole_picture(screen: Screen, tmp_path: Path) -> None:
    """What is flipped first for a revision is what stays: its time is the time of the pixels."""
    folder = Path(screen.state()["shots"])

    def newest(route: str) -> Path | None:
        path = max(folder.glob("*.png"), default=folder)
        return path if path.stem.endswith(route) else None

    screen.show(fresh(9))
    until(partial(newest, "receipt"), "the picture of another screen")
    screen.show(fresh(3))
    first = until(partial(newest, "shop"), "the picture of the first frame")
    later = screen.ask(shot=str(tmp_path / "later.png"))["saved"]
    with Image.open(first) as one, Image.open(later) as other:
        assert one.tobytes() == other.tobytes()


def test_nothing_is_drawn_when_nothing_changed(screen: Screen) -> None:
    """A snapshot that looks the same costs no frame, and neither does waiting, nor a scroll bar."""
    before = screen.show(fresh(3))["drawn"]
    for _ in range(5):
        assert screen.show(fresh(3))["drawn"] == before
    assert screen.cart.screen
    assert screen.cart.screen.quiet()
    assert screen.state()["drawn"] == before


# kept snapshot, what is tapped, the intent that follows
TAPS = [
    (1, "start", ("start", "", "")),
    (3, "pay_start", ("pay_start", "", "")),
    (3, "help", ("help", "", "")),
    (3, "line.6", ("ask", "l7", "")),
    (3, "check", ("ask", "l7", "")),
    (4, "choice.1", ("answer", "l4", "onions")),
    (4, "later", ("later", "l4", "")),
    (5, "choice.0", ("answer", "l7", "milk-1l")),
    (5, "none", ("answer", "l7", "none")),
    (5, "own", ("answer", "l7", "own")),
    (5, "later", ("later", "l7", "")),
    (6, "choice.1", ("answer", "l9", "l2")),
    (7, "list", ("ask", "l7", "")),
    (7, "own", ("answer", "l7", "own")),
    (7, "later", ("later", "l7", "")),
    (8, "pay_confirm", ("pay_confirm", "", "")),
    (8, "keep_shopping", ("keep_shopping", "", "")),
    (9, "done", ("done", "", "")),
]


@pytest.mark.parametrize(("revision", "name", "expected"), TAPS)
def test_taps(screen: Screen, revision: int, name: str, expected: tuple[str, str, str]) -> None:
    """A real touch at a widget's centre sends its intent once."""
    screen.show(fresh(revision))
    intent = screen.tap(name)
    assert (intent.action, intent.target, intent.choice) == expected
    assert screen.cart.screen
    assert screen.cart.screen.quiet()


def test_intents_have_ids_of_their_own(screen: Screen) -> None:
    """Two taps are two intents."""
    screen.show(fresh(3))
    assert screen.tap("help").intent_id != screen.tap("help").intent_id


def test_the_evidence_of_a_line(screen: Screen) -> None:
    """A tap on a line shows why it is there, and the cart hears nothing of it."""
    screen.show(fresh(3))
    assert "tapped" in screen.ask(tap="line.3")
    until(lambda: "Looks like" in screen.state()["texts"], "the evidence")
    texts = screen.state()["texts"]
    assert "Bananas  ·  93 %" in texts
    assert "2.204\u00a0kg" in texts
    assert "2.946\u00a0kg" in texts
    assert screen.state()["cut"] == []
    screen.ask(tap="close")
    until(lambda: "Looks like" not in screen.state()["texts"], "the deals again")
    assert screen.cart.screen
    assert screen.cart.screen.quiet()


# what is opened, what is chosen there, the intent that follows
CHOICES = [
    (("budget",), "budget.1", ("budget", "", "5000")),
    (("budget",), "budget.5", ("budget", "", "0")),
    (("line.3", "contest"), "contest.2", ("contest", "l4", "wrong_price")),
]


@pytest.mark.parametrize(("path", "name", "expected"), CHOICES)
def test_what_is_chosen_beside_the_receipt(
    screen: Screen, path: tuple[str, ...], name: str, expected: tuple[str, str, str]
) -> None:
    """A budget, or what is wrong with a line: one intent, and back to where it was opened."""
    screen.show(fresh(3))
    for step in path:
        until(partial(can_tap, screen, step), f"{step} to tap")
        assert "tapped" in screen.ask(tap=step)
    until(lambda: name in screen.state()["targets"], "the choices")
    until(partial(nothing_is_cut, screen), "all of the choices to be read")
    assert_apart(screen.state()["targets"], "shop")
    intent = screen.tap(name)
    assert (intent.action, intent.target, intent.choice) == expected
    until(lambda: name not in screen.state()["targets"], "the choices gone")
    if "contest" in path:
        assert "Looks like" in screen.state()["texts"]
        screen.ask(tap="close")


def test_a_paid_line_can_be_contested(screen: Screen) -> None:
    """From the code to the lines, from a line to what is wrong with it, and back to the code."""
    lines = KEPT[3].lines
    paid = fresh(9, lines=lines, contest_reasons=KEPT[3].contest_reasons)
    screen.show(paid)
    for step in ("contest", "line.3"):
        until(partial(can_tap, screen, step), f"{step} to tap")
        assert "tapped" in screen.ask(tap=step)
    until(partial(can_tap, screen, "contest.2"), "the reasons")
    until(partial(nothing_is_cut, screen), "all of the reasons to be read")
    assert_apart(screen.state()["targets"], "receipt")
    intent = screen.tap("contest.2")
    assert (intent.action, intent.target, intent.choice) == ("contest", "l4", "wrong_price")
    until(lambda: "line.3" not in screen.state()["targets"], "the code again")
    assert can_tap(screen, "contest")


def test_evidence_goes_with_its_line(screen: Screen) -> None:
    """A line that left takes its evidence along."""
    screen.show(fresh(3))
    screen.ask(tap="line.3")
    until(lambda: "close" in screen.state()["targets"], "the evidence")
    without = tuple(line for line in KEPT[3].lines if line.line_id != "l4")
    assert "close" not in screen.show(fresh(3, lines=without))["targets"]


def test_no_payment_twice(screen: Screen) -> None:
    """While the store has not answered, there is nothing to tap."""
    targets = screen.show(fresh(8, phase="paying"))["targets"]
    assert "pay_confirm" not in targets
    assert "keep_shopping" not in targets


def test_a_receipt_of_two_hundred_lines(screen: Screen) -> None:
    """The newest line is in view; the shopper scrolls to others; few rows are widgets."""
    targets = screen.show(long_receipt(200, newest=199))["targets"]
    assert "line.199" in targets
    assert len([name for name in targets if name.startswith("line.")]) < 12
    for _ in range(3):
        screen.ask(drag=[300, 150, 300, 600])
    assert "line.199" not in screen.state()["targets"]
    assert "line.57" in screen.show(long_receipt(200, newest=57))["targets"]


def test_a_missing_picture_is_no_crash(screen: Screen, tmp_path: Path) -> None:
    """No picture, a broken one, and a name that is a path: each is drawn as a placeholder."""
    names = ("absent", "cheese", "../../etc/passwd", "", None)
    lines = tuple(
        LineView(f"L{n}", f"Thing {n}", 1, n, n, image=name) for n, name in enumerate(names)
    )
    assert screen.show(fresh(3, lines=lines))["route"] == "shop"
    assert "saved" in screen.ask(shot=str(tmp_path / "a.png"))


def test_nonsense_from_the_cart_is_refused(screen: Screen) -> None:
    """A malformed line is told and counted; what comes after it is shown."""
    before = screen.state()["refused"]
    for nonsense in (b"{\n", b"\xff\xfe\n", b'{"revision": 1}\n', b"[" * 5000 + b"\n"):
        screen.cart.send(nonsense)
    shown = screen.show(fresh(2))
    assert shown["refused"] == before + 4
    assert "refused a line from the cart: snapshot:" in screen.complaints()


def test_the_finger_says_what_it_cannot_do(screen: Screen) -> None:
    """A wrong request has an answer that helps."""
    screen.show(fresh(1))
    assert "start" in screen.ask(tap="pay_confirm")["error"]
    assert "exactly one" in screen.ask()["error"]
    assert "request" in screen.ask(dance=True)["error"]
    assert "cannot save" in screen.ask(shot="/nowhere/a.png")["error"]


def test_memory_is_bounded(screen: Screen) -> None:
    """Snapshots of all screens leave the process as large as it was.

    Caches fill in steps, whenever the toolkit has time to; a leak grows with every round.
    """

    def memory_after_rounds(rounds: int) -> int:
        for _ in range(rounds):
            for revision in KEPT:
                screen.cart.show(fresh(revision))
            screen.show(long_receipt(100, newest=next(revisions) % 100))
        return screen.memory_bytes()

    sizes = [memory_after_rounds(10) for _ in range(6)]
    assert min(after - before for before, after in pairwise(sizes)) < MEMORY_LEAK_MAX_BYTES


@pytest.mark.parametrize("size", SIZES)
def test_every_size_and_language_fits(size: str, place: Path) -> None:
    """At each size, in the longer language: nothing is cut, small, or over another target."""
    other = Screen(place, "--size", size, "--language", "de", "--theme", "contrast")
    try:
        for snapshot in KEPT.values():
            state = other.show(snapshot)
            assert state["size"] == [int(part) for part in size.split("x")]
            assert state["cut"] == [], snapshot.route
            assert_apart(state["targets"], snapshot.route)
        for step in ("budget", "close", "line.3", "contest"):
            if step == "budget":
                other.show(fresh(3))
            until(partial(can_tap, other, step), f"{step} to tap")
            assert "tapped" in other.ask(tap=step)
            until(partial(nothing_is_cut, other), f"all of {step} to be read")
            assert_apart(other.state()["targets"], step)
        other.show(fresh(9, lines=KEPT[3].lines, contest_reasons=KEPT[3].contest_reasons))
        for step in ("contest", "line.3"):
            until(partial(can_tap, other, step), f"{step} to tap")
            assert "tapped" in other.ask(tap=step)
            until(partial(nothing_is_cut, other), f"all of {step} to be read")
            assert_apart(other.state()["targets"], step)
    finally:
        other.close()


def assert_apart(targets: dict[str, list[int]], route: str) -> None:
    """Fail when a target is too small for a finger, or two lie over one another."""
    boxes = {name: box for name, box in targets.items() if not name.startswith("line.")}
    for name, (x, y, width, height) in boxes.items():
        assert min(width, height) >= TARGET_MIN_PX, (route, name)
        for other, (left, top, wide, high) in boxes.items():
            apart = x + width <= left or left + wide <= x or y + height <= top or top + high <= y
            assert name == other or apart, (route, name, other)


def test_killed_and_back(place: Path) -> None:
    """After kill -9 a new screen shows the newest snapshot, and its pictures go on in number."""
    shots = place / "shots"
    other = Screen(place, "--shots", str(shots))
    try:
        other.show(KEPT[1])
        until((shots / "01-welcome.png").exists, "the first picture")
        other.kill()
        other.start()
        assert "$31.53" in other.show(KEPT[3])["texts"]
        until((shots / "02-shop.png").exists, "the second picture")
    finally:
        other.close()


def test_the_cart_goes_and_comes_back(place: Path) -> None:
    """Contact lost is said after two seconds, and forgotten with the next snapshot."""
    other = Screen(place)
    try:
        other.show(KEPT[3])
        other.cart.hang_up()
        other.cart.accept()
        assert not other.state()["contact_lost"]
        until(lambda: other.state()["contact_lost"], "contact lost without a snapshot")
        assert any("Lost contact" in text for text in other.state()["texts"])
        assert "$31.53" in other.state()["texts"]
        state = other.show(KEPT[5])
        assert not state["contact_lost"]
        assert other.tap("choice.0").choice == "milk-1l"
    finally:
        other.close()


def test_a_touch_without_a_cart_says_so(place: Path) -> None:
    """A tap that nobody hears is answered on the screen at once, and is not sent later."""
    other = Screen(place)
    try:
        other.show(KEPT[3])
        other.cart.close()
        until(
            lambda: not other.ask(tap="help").get("error") and other.state()["contact_lost"], "said"
        )
    finally:
        other.process.terminate()
        other.process.wait(DEADLINE_S)
        other.close()


def test_an_endless_line_is_dropped(screen: Screen) -> None:
    """A line beyond the contract's bound does not fill the memory, and the next is shown."""
    before = screen.memory_bytes()
    for _ in range(20):
        screen.cart.send(b"x" * 500_000)
    screen.cart.send(b"\n")
    screen.show(fresh(2))
    assert screen.memory_bytes() - before < MEMORY_GROWTH_MAX_BYTES


def test_a_newer_carts_fields_are_ignored(screen: Screen) -> None:
    """A field that this screen does not know changes nothing."""
    snapshot = fresh(2)
    screen.cart.send(encode(snapshot).replace(b'{"', b'{"from_the_future":[1],"', 1))
    until(lambda: screen.state()["revision"] == snapshot.revision, "the snapshot shown")
