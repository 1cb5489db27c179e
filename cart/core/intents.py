"""What a touch on the screen can mean. Apart from the observations, so that a screen loads fast."""

from __future__ import annotations

from typing import Literal

TouchAction = Literal[
    "start",
    "answer",
    "later",
    "ask",
    "pay_start",
    "pay_confirm",
    "keep_shopping",
    "fee",
    "benefits",
    "done",
    "help",
    "budget",
    "contest",
]
