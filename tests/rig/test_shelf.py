"""The shelf over real HTTP: nothing without its token, everything with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from rig.enrol import demo_catalog
from rig.pictures import product_pictures
from rig.shelf import Shelf
from rig.world_client import WorldError


class Shop:
    """A shop that only notes what is pulled."""

    def __init__(self, pictures: Path) -> None:
        self.pictures = pictures
        self.pulled: list[Any] = []
        self.world: Any = self

    def do(self, order: dict[str, Any]) -> dict[str, Any]:
        """As the world does: an answer, or the reason against it."""
        if order["do"] == "take":
            raise WorldError("no such thing lies in the cart")
        self.pulled.append(order)
        return {"done": order["do"]}

    def set_wifi(self, *, up: bool) -> None:
        """Note it."""
        self.pulled.append(f"wifi {up}")

    def cut_power(self) -> None:
        """Note it."""
        self.pulled.append("power")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop with pictures."""
    product_pictures(tmp_path, demo_catalog().products[:1])
    return Shop(tmp_path)


@pytest.fixture
def shelf(shop: Shop) -> Iterator[Shelf]:
    """A shelf before this shop."""
    with Shelf(shop) as opened:
        yield opened


def ask(shelf: Shelf, method: str, path: str, body: object = None) -> tuple[int, bytes]:
    """One request to the shelf's own address; `path` as it stands."""
    connection = HTTPConnection("127.0.0.1", urlsplit(shelf.url).port or 0, timeout=5)
    connection.request(method, path, None if body is None else json.dumps(body))
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


def token(shelf: Shelf) -> str:
    """The first piece of the path, with its slashes."""
    return urlsplit(shelf.url).path


PUT = {"order": {"do": "put", "skus": ["rice-500g"]}}


@pytest.mark.parametrize("path", ["/", "/world", "/wrong/world", "/wrong/power", "//world"])
def test_nothing_without_the_token(shelf: Shelf, shop: Shop, path: str) -> None:
    """Neither the page nor an action, whatever is guessed."""
    assert ask(shelf, "GET", path)[0] == HTTPStatus.NOT_FOUND
    assert ask(shelf, "POST", path, PUT)[0] == HTTPStatus.NOT_FOUND
    assert shop.pulled == []


def test_a_get_never_changes_anything(shelf: Shelf, shop: Shop) -> None:
    """Actions are POSTs, even with the token."""
    assert ask(shelf, "GET", token(shelf) + "power")[0] == HTTPStatus.NOT_FOUND
    assert shop.pulled == []


def test_page_products_and_pictures(shelf: Shelf) -> None:
    """The page lists the whole store, and its pictures are there, and no other file is."""
    status, page = ask(shelf, "GET", token(shelf))
    assert status == HTTPStatus.OK
    assert b"The shelf" in page
    listed = json.loads(ask(shelf, "GET", token(shelf) + "products.json")[1])
    assert len(listed) == len(demo_catalog().products)
    assert ask(shelf, "GET", token(shelf) + listed[0]["image"])[1].startswith(b"\x89PNG")
    for path in ("pictures/../../../etc/passwd", "pictures/none.png", "shelf.py"):
        assert ask(shelf, "GET", token(shelf) + path)[0] == HTTPStatus.NOT_FOUND


def test_actions_pull_the_strings(shelf: Shelf, shop: Shop) -> None:
    """An order reaches the world, the Wi-Fi is cut, the power too."""
    for action, body in (("world", PUT), ("wifi", {"up": False}), ("power", {})):
        assert ask(shelf, "POST", token(shelf) + action, body)[0] == HTTPStatus.OK
    assert shop.pulled == [PUT["order"], "wifi False", "power"]


@pytest.mark.parametrize(
    ("action", "body", "why"),
    [
        ("world", {"order": {"do": "take"}}, "no such thing lies in the cart"),
        ("world", {}, "order"),
        ("wifi", [], "wifi"),
    ],
)
def test_what_cannot_be_is_said(shelf: Shelf, action: str, body: object, why: str) -> None:
    """The page gets the reason to show."""
    status, content = ask(shelf, "POST", token(shelf) + action, body)
    assert status == HTTPStatus.BAD_REQUEST
    assert why in json.loads(content)["error"]


def test_a_huge_body_is_refused(shelf: Shelf, shop: Shop) -> None:
    """Ten kilobytes are plenty for an order."""
    status, _ = ask(shelf, "POST", token(shelf) + "world", {"order": "x" * 20_000})
    assert status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert shop.pulled == []
