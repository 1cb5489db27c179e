"""The shelf: a local web page to shop by hand while the real touchscreen stands in its window.

Served on 127.0.0.1 at a free port, under a random token in the path; whoever does not know the
token gets nothing, and only a POST that knows it changes anything. One page, no build step.
"""

from __future__ import annotations

import contextlib
import json
import mimetypes
import secrets
import threading
import webbrowser
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

from rig.enrol import demo_catalog
from rig.world_client import WorldClient, WorldError

PAGE = Path(__file__).parent / "shelf.html"
BODY_BYTES_MAX = 10_000


class Shop(Protocol):
    """What the shelf pulls at: see rig.demo.stack."""

    @property
    def world(self) -> WorldClient: ...

    @property
    def pictures(self) -> Path: ...

    def set_wifi(self, *, up: bool) -> None: ...

    def cut_power(self) -> None: ...


class ShelfError(ValueError):
    """The page asked for something the shelf does not do."""


class Shelf(contextlib.AbstractContextManager["Shelf"]):
    """Serves the page until it is closed; `url` holds the token."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._token = secrets.token_urlsafe(16)
        self._actions: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "world": lambda body: shop.world.do(body["order"]),
            "wifi": self._wifi,
            "power": self._power,
        }
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/{self._token}/"
        threading.Thread(target=self._server.serve_forever, name="shelf", daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def open_in_browser(self) -> None:
        """Show the page in the person's own browser, if there is one."""
        webbrowser.open(self.url)

    def get(self, path: str) -> tuple[bytes, str] | None:
        """What is at a path, with its type; None for whatever is not there."""
        known, _, rest = path.lstrip("/").partition("/")
        if not secrets.compare_digest(known.encode(), self._token.encode()):
            return None
        if rest == "":
            return PAGE.read_bytes(), "text/html; charset=utf-8"
        if rest == "products.json":
            return json.dumps(products()).encode(), "application/json"
        picture = self._shop.pictures / Path(rest).name
        if rest == f"pictures/{picture.name}" and picture.is_file():
            return picture.read_bytes(), mimetypes.guess_type(picture.name)[0] or "image/png"
        return None

    def post(self, path: str, body: bytes) -> dict[str, Any] | None:
        """Do what the page asks; None when the path or its token is not ours."""
        known, _, action = path.lstrip("/").partition("/")
        if not secrets.compare_digest(known.encode(), self._token.encode()):
            return None
        if action not in self._actions:
            return None
        try:
            asked = json.loads(body)
            return self._actions[action](asked)
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise ShelfError(f"{action}: {error!r} in what the page sent") from error
        except (WorldError, OSError) as error:
            raise ShelfError(str(error)) from error

    def _wifi(self, body: dict[str, Any]) -> dict[str, Any]:
        self._shop.set_wifi(up=bool(body["up"]))
        return {"done": "wifi"}

    def _power(self, _body: dict[str, Any]) -> dict[str, Any]:
        self._shop.cut_power()
        return {"done": "power"}


def products() -> list[dict[str, Any]]:
    """What stands on the shelf, as the page needs it."""
    return [
        {
            "sku": product.sku,
            "name": product.name,
            "price_minor": product.price_minor,
            "sold_by": product.sold_by,
            "has_barcode": bool(product.gtins),
            "image": f"pictures/{product.image}.png",
        }
        for product in demo_catalog().products
    ]


def _handler(shelf: Shelf) -> type[BaseHTTPRequestHandler]:
    """The request handler class of one shelf."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = shelf.get(self.path)
            if found is None:
                self._say(HTTPStatus.NOT_FOUND, b"not here\n", "text/plain")
            else:
                self._say(HTTPStatus.OK, *found)

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length.isdigit() or int(length) > BODY_BYTES_MAX:
                self._say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"{}", "application/json")
                return
            try:
                answer = shelf.post(self.path, self.rfile.read(int(length)))
            except ShelfError as error:
                self._say_json(HTTPStatus.BAD_REQUEST, {"error": str(error)})
                return
            if answer is None:
                self._say(HTTPStatus.NOT_FOUND, b"not here\n", "text/plain")
            else:
                self._say_json(HTTPStatus.OK, answer)

        def _say_json(self, status: HTTPStatus, answer: dict[str, Any]) -> None:
            self._say(status, json.dumps(answer).encode(), "application/json")

        def _say(self, status: HTTPStatus, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Referrer-Policy", "no-referrer")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """The terminal belongs to the demo."""

    return Handler
