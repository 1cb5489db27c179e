"""The store's HTTPS door, a process of its own: a cart puts a clip that it was asked for, and gets
the signed files of `store/downloads.py`.

Who comes shows the certificate that the broker knows, too; one that was taken back opens nothing.
It must never give a clip out, nor show what it holds.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import shutil
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from cart import arguments
from cart.contract import clips
from store.asked import AUTHORITY, Command, check_cart, utc_ms
from store.authority import AuthorityError, now_utc
from store.clips import RETENTION_HOURS, ClipDesk, Refusal
from store.downloads import file_of
from store.keys import signer_of
from store.orders import Orders
from store.papers import Papers
from store.revocations import Revocations

QUIET_S_MAX = 30
DIGITS = re.compile(r"[0-9]{1,18}")
log = logging.getLogger(__name__)


class ClipServer(ThreadingHTTPServer):
    """Listens at `address` with TLS by `papers`; `port` is where. `data` is the store's folder."""

    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], papers: ServerPapers, desk: ClipDesk, data: Path
    ) -> None:
        super().__init__(address, _Door)
        self.data = data
        self.papers = papers
        self.revocations = Revocations(data / AUTHORITY / "crl.pem")
        self.desk = desk
        self.port = int(self.socket.getsockname()[1])
        desk.recover()

    def get_request(self) -> tuple[socket.socket, Any]:
        """The next guest, who shakes hands in a thread of its own: a slow one keeps nobody
        waiting."""
        wire, address = super().get_request()
        context = self.papers.context()
        return context.wrap_socket(wire, server_side=True, do_handshake_on_connect=False), address

    def service_actions(self) -> None:
        """Forget old clips, and renew the certificate, now and then."""
        try:
            self.desk.sweep_hourly()
        except OSError as error:  # a full or odd disk closes no door; the next hour sweeps again
            log.critical("no clip swept now: %s", error)
        self.papers.look_hourly()

    def handle_error(self, _request: object, client_address: object) -> None:
        """Whoever breaks off or shows no certificate is one line of the log."""
        log.warning("refused: %s: %s", client_address, sys.exc_info()[1])


class _Door(BaseHTTPRequestHandler):
    server: ClipServer
    timeout: ClassVar[int] = QUIET_S_MAX
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        """Take the clip that belongs to this address."""
        self.close_connection = True  # what is refused stays unread
        asked = urlsplit(self.path)
        number = asked.path.removeprefix("/clips/")
        signature = parse_qs(asked.query).get("signature", [""])[0]
        try:
            self._check_papers()
            opening = self.server.desk.check(self._cart(), number, signature)
            length, name = self._length(), self.headers.get(clips.NAME_HEADER, "")
            with self.server.desk.taking(number):
                kept = self.server.desk.keep(number, opening, name, self.rfile.read(length))
        except Refusal as refusal:
            log.warning("refused: clip: %s", refusal)
            self._answer(refusal.status, str(refusal))
        else:
            log.info("clip %s", kept.name)
            self._answer(201, "kept")

    def do_GET(self) -> None:
        """Give a signed file: as it is now, to its end, also where it is replaced meanwhile."""
        self.close_connection = True
        try:
            self._check_papers()
            file = file_of(self.server.data, self.path).open("rb")
        except Refusal as refusal:
            self._answer(refusal.status, str(refusal))
            return
        except OSError:
            self._answer(404, "not to be read")
            return
        with file:
            self.send_response(200)
            self.send_header("Content-Length", str(os.fstat(file.fileno()).st_size))
            self.end_headers()
            shutil.copyfileobj(file, self.wfile)

    def log_message(self, *_: object) -> None:
        """Nothing: addresses are secrets while they serve."""

    def _check_papers(self) -> None:
        """TLS knows who was taken back before this process began; this knows the others."""
        if self.server.revocations.hold(int(self._shown()["serialNumber"], 16)):
            raise Refusal(403, "this certificate was taken back")

    def _shown(self) -> dict[str, Any]:
        assert isinstance(self.connection, ssl.SSLSocket), "the server speaks TLS alone"
        return dict(self.connection.getpeercert() or {})

    def _cart(self) -> str:
        shown = self._shown()
        subject = dict(pair[0] for pair in shown.get("subject", ()))
        return str(subject.get("commonName", ""))

    def _length(self) -> int:
        said = self.headers.get("Content-Length", "")
        if not DIGITS.fullmatch(said):
            raise Refusal(411, "say Content-Length")
        if int(said) > clips.BYTES_MAX:
            raise Refusal(413, f"at most {clips.BYTES_MAX} bytes")
        if self.headers.get("Content-Type") != clips.CONTENT_TYPE:
            raise Refusal(415, f"send {clips.CONTENT_TYPE}")
        return int(said)

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class ServerPapers(Papers):
    """What a door shows: by its files as they are now.

    Raises OSError where they do not fit at first; later the last ones that did serve on."""

    def __init__(
        self, folder: Path, certificate: Path, key: Path, clock: Callable[[], datetime] = now_utc
    ) -> None:
        super().__init__(folder, certificate, clock=clock)
        self._files = (folder, certificate, key)
        self._stood = self._stand()
        self._context = tls_of(*self._files)

    def context(self) -> ssl.SSLContext:
        """TLS for the next guest."""
        try:
            if (stand := self._stand()) != self._stood:
                self._stood = stand
                self._context = tls_of(*self._files)
        except OSError as error:
            log.warning("certificates: %s; the last ones serve on", error)
        return self._context

    def _stand(self) -> list[tuple[int, int]]:
        """Of the pair alone: who is taken back meanwhile is told so by `_check_papers`."""
        found = [path.stat() for path in self._files[1:]]
        return [(each.st_mtime_ns, each.st_ino) for each in found]


def tls_of(authority: Path, certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS that lets in whom this authority knows and has not taken back. Raises OSError."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority / "ca.pem"))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(authority / "crl.pem")
    context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def add_commands(command: Command) -> None:
    """Declare the commands; `command` makes a parser."""
    serve = command("clips", serve_clips)
    serve.add_argument("--listen", type=arguments.endpoint, required=True, metavar="HOST:PORT")
    serve.add_argument(
        "--tls-certificate", type=arguments.file, required=True, help="of the broker, say"
    )
    serve.add_argument("--tls-key", type=arguments.file, required=True, help="its key")
    ask = command("clip", ask_for_clip)
    ask.add_argument("cart", type=arguments.name, help="the id of the cart")
    ask.add_argument("clip", help="a clip's name, or the reason why the cart kept its newest")
    ask.add_argument("--reason", choices=tuple(RETENTION_HOURS), required=True, help="why you ask")
    ask.add_argument(
        "--url", type=_door, required=True, help="where `store clips` serves: https://host:port"
    )


def serve_clips(options: argparse.Namespace) -> int:
    """Take clips that carts were asked for, and give signed files, by HTTPS; ends by SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    data: Path = options.data
    papers = _papers(data / AUTHORITY, options.tls_certificate, options.tls_key)
    desk = ClipDesk(data, signer_of(data), utc_ms)
    with ClipServer(options.listen, papers, desk, data) as server:
        for number in (signal.SIGTERM, signal.SIGINT):
            # Not in this thread: `shutdown` waits until serving has ended.
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        sys.stdout.write(f'{{"listens": {server.port}}}\n')
        sys.stdout.flush()
        server.serve_forever()
    return 0


def _papers(authority: Path, certificate: Path, key: Path) -> ServerPapers:
    """Those of the door. Raises AuthorityError that says which file is wrong."""
    if not (authority / "ca.key").is_file():
        raise AuthorityError(f"{authority}: no authority; begin one with: python -m store broker")
    try:
        return ServerPapers(authority, certificate, key)
    except OSError as error:
        raise AuthorityError(f"{certificate}, {key}: {error}; give two in PEM that fit") from error


def ask_for_clip(options: argparse.Namespace) -> int:
    """Ask a cart for one clip; `store orders` shows how it went, the clip lies in DATA/clips."""
    check_cart(options)
    signer = signer_of(options.data)
    url = ClipDesk(options.data, signer, utc_ms).open(options.cart, options.reason, options.url)
    orders = Orders(options.data, signer, utc_ms)
    order = orders.add(options.cart, clips.ACTION, {"clip": options.clip, "url": url})
    sys.stdout.write(f"{order.command.cmd_id}\n")
    return 0


def _door(text: str) -> str:
    """Where the HTTPS door is; urlsplit itself refuses a port that is none."""
    try:
        asked = urlsplit(text)
        is_door = asked.scheme == "https" and bool(asked.hostname) and asked.port != 0
    except ValueError:
        is_door = False
    if not is_door:
        raise argparse.ArgumentTypeError(f"{text!r}: write https://host:port")
    return text
