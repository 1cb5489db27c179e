"""What the mind makes of a camera that sees badly: codes still count, looks are asked about."""

from __future__ import annotations

import pytest

from cart.core import telling
from cart.core.effects import WantClip
from cart.core.observations import CameraState, SenseBack, SenseLost
from tests.unit.mind_world import BANANAS, TOMATOES, Hands

TROUBLES = ("dark", "glare", "covered", "dirty", "frozen")


def standing(hands: Hands) -> list[str]:
    """The codes of what is told as long as its cause lasts."""
    return [notice.code for notice in telling.standing(hands.state)]


@pytest.mark.parametrize("condition", TROUBLES)
def test_each_trouble_is_told_while_it_lasts(condition: str) -> None:
    """One notice each, and none when the picture is good again."""
    hands = Hands()
    hands.say(CameraState(hands.now_ms, condition))  # type: ignore[arg-type]  # a name of the table
    assert [code for code in standing(hands) if code.startswith("camera")] == [
        f"camera_{condition}"
    ]
    hands.say(CameraState(hands.now_ms, "good"))
    assert not [code for code in standing(hands) if code.startswith("camera")]


@pytest.mark.parametrize("condition", TROUBLES)
def test_a_code_still_counts(condition: str) -> None:
    """It proves itself, with the mass."""
    hands = Hands()
    hands.say(CameraState(hands.now_ms, condition))  # type: ignore[arg-type]  # a name of the table
    hands.put(TOMATOES)
    hands.wait(2_000)
    assert [line.sku for line in hands.state.basket.lines] == [TOMATOES]


def test_a_look_through_a_bad_picture_becomes_a_question() -> None:
    """The same bananas that a good picture names are asked about in the dark."""
    named, asked = Hands(), Hands()
    asked.say(CameraState(asked.now_ms, "dark"))
    for hands in (named, asked):
        hands.sight(BANANAS)
        hands.load(740_000)
        hands.wait(2_000)
    assert [line.sku for line in named.state.basket.lines] == [BANANAS]
    assert asked.state.basket.lines == ()
    assert asked.state.question is not None


def test_a_lost_camera_says_only_that() -> None:
    """What it suffered from before is forgotten; it is told anew when it is back."""
    hands = Hands()
    hands.say(CameraState(hands.now_ms, "glare"))
    hands.say(SenseLost(hands.now_ms, "camera", "cable"))
    assert [code for code in standing(hands) if code.startswith("camera")] == ["camera_lost"]
    hands.say(SenseBack(hands.now_ms, "camera"))
    assert not [code for code in standing(hands) if code.startswith("camera")]


def test_a_clip_is_wanted_of_what_nothing_explains_only() -> None:
    """An explained good asks for none; a load that nothing explains asks for one of its moment."""
    hands = Hands()
    hands.put(TOMATOES)
    hands.wait(2_000)
    assert not [one for one in hands.effects if isinstance(one, WantClip)]
    hands.load(333_000)
    landed_ms = hands.now_ms
    hands.wait(2_000)
    wanted = [one for one in hands.effects if isinstance(one, WantClip)]
    assert wanted == [WantClip("unexplained_load", landed_ms)]
