"""The bar at the top of every screen: the loudest notice or a greeting, chips, the battery."""

from __future__ import annotations

from dataclasses import dataclass

from cart.contract.screen import NoticeView, Snapshot
from ui.presenters.figures import figures_of
from ui.presenters.notices import ATTENTION_FROM_PRIORITY, sentence
from ui.texts import Words, mark

LOST = {
    "scale": mark("No scale"),
    "camera": mark("No camera"),
    "scanner": mark("No scanner"),
    "screen": mark("Screen"),
}
# These have a place of their own on the screen, a chip or a yellow line, or last for a while. They
# are said in the bar too, but never in the way of something that just happened.
SEEN_ELSEWHERE = {
    "offline",
    "line_waits",
    "scale_lost",
    "camera_lost",
    "camera_covered",
    "camera_frozen",
    "camera_dark",
    "camera_glare",
    "camera_dirty",
    "scanner_lost",
}
# A question's own screen says these in its title.
ASKED = {"please_identify", "please_say_what_left"}
BATTERY_LOW_PERCENT = 15


@dataclass(frozen=True)
class Bar:
    """`tone` is "plain" (a greeting), "info" or "attention"; `battery` is "" when unknown."""

    text: str = ""
    tone: str = "plain"
    chips: tuple[str, ...] = ()
    battery: str = ""
    battery_percent: int = 0
    battery_low: bool = False
    help: str = ""


def present(snapshot: Snapshot | None, words: Words, contact_lost: bool) -> Bar:
    """What the bar says; losing contact with the cart is louder than any notice."""
    help_word = words.say("Help")
    if contact_lost:
        lost = words.say("Lost contact with the cart. Your items are safe.")
        return Bar(text=lost, tone="attention", help=help_word)
    if snapshot is None:
        return Bar(help=help_word)
    text, tone = _message(snapshot, words)
    percent = snapshot.battery_percent
    chips = [words.say(LOST[sense]) for sense in snapshot.senses_lost if sense in LOST]
    return Bar(
        text=text,
        tone=tone,
        chips=tuple(chips if snapshot.online else [words.say("Offline"), *chips]),
        battery="" if percent is None else f"{percent}\u00a0%",
        battery_percent=percent or 0,
        battery_low=percent is not None and percent <= BATTERY_LOW_PERCENT,
        help=help_word,
    )


def _message(snapshot: Snapshot, words: Words) -> tuple[str, str]:
    asks = snapshot.question is not None
    notices = [notice for notice in snapshot.notices if not (asks and notice.code in ASKED)]
    if notices:
        notice = max(notices, key=loudness)
        loud = notice.priority >= ATTENTION_FROM_PRIORITY and notice.code != "paid"
        return sentence(notice, figures_of(snapshot, words)), "attention" if loud else "info"
    if snapshot.shopper:
        return words.say("Hi {shopper}", shopper=snapshot.shopper), "plain"
    return words.say("Guest") if snapshot.route != "welcome" else "", "plain"


def loudness(notice: NoticeView) -> tuple[bool, int]:
    """How much a notice wants the bar."""
    return notice.code not in SEEN_ELSEWHERE, notice.priority
