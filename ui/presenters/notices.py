"""The sentence for each notice code of the cart: one row a code, at most twelve words.

Neutral words, no blame. Values named `…_minor` and `…_mg` are written as money and as mass, under
the name without the unit. A sentence whose values did not come is replaced by its plain one.
"""

from __future__ import annotations

from cart.contract.screen import NoticeView
from ui.presenters.figures import Figures
from ui.texts import mark

# code: (with its values, plain)
SENTENCES: dict[str, tuple[str, str]] = {
    "welcome": (mark("Welcome, {shopper}"), mark("Welcome")),
    "please_pair": (mark("Please scan the code with the app to begin"),) * 2,
    "item_added": (mark("Added: {name}"), mark("Added to your cart")),
    "stayed_behind": (
        mark("{name} is not in this cart. It is not charged."),
        mark("What is not in this cart is not charged."),
    ),
    "item_removed": (mark("Taken out: {name}"), mark("Taken out of your cart")),
    "own_thing_noted": (mark("Your own thing, not charged"),) * 2,
    "deal_applied": (mark("Deal: {title}"), mark("A deal was applied")),
    "price_lowered": (
        mark("{name} costs less now: {now} instead of {was}"),
        mark("A price in your cart was lowered"),
    ),
    "please_identify": (mark("Please tell us what this is"),) * 2,
    "please_say_what_left": (mark("Please tell us what you took out"),) * 2,
    "line_waits": (mark("One item waits. Tap the yellow line any time."),) * 2,
    "scanned_not_put_in": (
        mark("{name} was scanned, but not put in. It is not charged."),
        mark("Scanned, but not put in. It is not charged."),
    ),
    "unknown_code": (mark("This store does not know that code yet"),) * 2,
    "code_unreadable": (mark("That code could not be read. Please try again."),) * 2,
    "please_weigh_again": (mark("This is not weighed yet. Nothing is charged for it."),) * 2,
    "cannot_weigh_now": (mark("This cannot be weighed now. Please call for help."),) * 2,
    "too_light_to_weigh": (mark("Too light for this scale. Please add more."),) * 2,
    "coupon_taken": (mark("{title} counts"), mark("Your coupon counts")),
    "coupon_waits_for_goods": (mark("Coupon kept. It counts once its goods are in."),) * 2,
    "coupon_waits_for_store": (mark("Coupon kept. It counts once the store confirms it."),) * 2,
    "coupon_known": (mark("The cart has this coupon already"),) * 2,
    "coupon_expired": (mark("This coupon has run out"),) * 2,
    "coupon_too_early": (mark("This coupon is not valid yet"),) * 2,
    "coupon_of_others": (mark("This coupon is for other stores"),) * 2,
    "coupon_not_for_us": (mark("This store sells nothing that this coupon is for"),) * 2,
    "coupon_used": (mark("This coupon was used before. It takes nothing off."),) * 2,
    "coupon_in_use": (mark("Another cart has this coupon. It takes nothing off here."),) * 2,
    "please_put_back": (mark("Please put this one back. Nothing is charged for it."),) * 2,
    "recalled": (
        mark("{name} was called back. Please leave it here, or ask us."),
        mark("This was called back. Please leave it here, or ask us."),
    ),
    "expired": (
        mark("{name} is past its date. Please take another one."),
        mark("This is past its date. Please take another one."),
    ),
    "not_sold_now": (
        mark("{name} is sold from {first} to {last} only"),
        mark("This is not sold at this hour"),
    ),
    "age_checked_later": (
        mark("{name}: we look at your age before you pay"),
        mark("We look at your age before you pay"),
    ),
    "staff_will_look": (mark("Our staff comes to see your age. You can shop on."),) * 2,
    "age_approved": (mark("Thank you. You can pay now."),) * 2,
    "checkout_needs_answers": (mark("Please tap the yellow lines before you pay"),) * 2,
    "checkout_changed": (mark("Your cart changed. Please look at the new total."),) * 2,
    "payment_waits_for_link": (mark("Waiting for the connection to pay"),) * 2,
    "payment_declined": (mark("The payment did not go through. Nothing was charged."),) * 2,
    "payment_mismatch": (mark("The totals differ. Nothing was charged. Help is coming."),) * 2,
    "paid": (mark("Paid. Thank you!"),) * 2,
    "budget_near": (
        mark("Most of your budget of {budget} is used"),
        mark("Most of your budget is used"),
    ),
    "budget_reached": (
        mark("Your budget of {budget} is reached"),
        mark("Your budget is reached"),
    ),
    "line_credited": (mark("You get {amount} back"), mark("You get money back")),
    "line_contested": (mark("Noted. Our staff will look at this line."),) * 2,
    "offline": (mark("No connection. You can go on shopping."),) * 2,
    "scale_lost": (mark("The scale rests. Please scan each item."),) * 2,
    "scale_wants_staff": (mark("Please tell our staff: this scale needs a look"),) * 2,
    "camera_lost": (mark("The camera rests. Please scan each item."),) * 2,
    "camera_covered": (mark("The camera sees nothing. Please uncover it."),) * 2,
    "camera_frozen": (mark("The camera rests. Please scan each item."),) * 2,
    "camera_dark": (mark("It is dark for the camera. Please scan each item."),) * 2,
    "camera_glare": (mark("The light dazzles the camera. Please scan each item."),) * 2,
    "camera_dirty": (mark("The camera's view is blurred. Please scan each item."),) * 2,
    "scanner_lost": (mark("The scanner rests. Show codes to the camera."),) * 2,
    "no_catalog": (mark("This cart has no prices yet. Please take another."),) * 2,
    "catalog_refused": (mark("New prices could not be used. The old ones stay."),) * 2,
    "cart_locked": (mark("This cart is not in use now. Please take another."),) * 2,
    "cart_wanted": (mark("Our staff is looking for this cart."),) * 2,
    "help_called": (mark("Help is on the way. You can go on shopping."),) * 2,
    "storage_trouble": (mark("This cart needs a pause. Please call for help."),) * 2,
}
UNKNOWN = mark("The cart has something to tell. Please call for help.")

ATTENTION_FROM_PRIORITY = 30


def sentence(notice: NoticeView, figures: Figures) -> str:
    """What the shopper reads; a code this screen does not know has words too."""
    full, plain = SENTENCES.get(notice.code, (UNKNOWN, UNKNOWN))
    try:
        return figures.words.say(full, **written(notice.values, figures))
    except KeyError:
        return figures.words.say(plain)


def written(values: dict[str, str], figures: Figures) -> dict[str, str]:
    """The values of a notice, with money and masses written out."""
    texts: dict[str, str] = {}
    for name, value in values.items():
        stem, _, unit = name.rpartition("_")
        write = {"minor": figures.money, "mg": figures.mass}.get(unit)
        if write and value.lstrip("-").isdecimal():
            texts[stem] = write(int(value))
        else:
            texts[name] = value
    return texts
