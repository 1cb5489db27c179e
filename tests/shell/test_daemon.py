"""cartd as a process: ready soon, killed and back with its basket, plain when it can't start."""

from __future__ import annotations

import argparse
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cart.shell.daemon import replayed
from cart.shell.journal import FILE_NAME
from cart.shell.journal_command import run as print_journal
from cart.shell.replay import replay_record
from tests.shell.peers import LinePeer
from tests.waiting import DEADLINE_S

CONFIG = """
cart_id = "cart-1"
tenant = "acme"
store = "7"
data_folder = "data"
screen_socket = "run/screen.sock"
eyes_socket = "run/eyes.sock"
catalog_file = "catalog.json"
"""
CATALOG = {
    "version": 1,
    "currency": "USD",
    "products": [
        {"sku": "gum", "name": "Gum", "price_minor": 99, "gtins": ["09520000000042"]},
        {"sku": "mint", "name": "Mints", "price_minor": 149, "gtins": ["09520000000059"]},
    ],
    "tax_rates": [{"category": "standard", "rate_ppm": 70_000}],
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A cart without scale, scanner and broker: a code alone puts a thing on the receipt."""
    (tmp_path / "catalog.json").write_bytes(msgspec.json.encode(CATALOG))
    path = tmp_path / "cart.toml"
    path.write_text(CONFIG)
    return path


def popen(config: Path, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """Start `python -m cart run`."""
    return subprocess.Popen(
        [sys.executable, "-m", "cart", "run", "--config", str(config)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment,
    )  # fmt: skip


@contextmanager
def cartd(
    config: Path, environment: dict[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A running cart and what it said when it was ready; killed at the end if need be."""
    process = popen(config, environment)
    assert process.stdout
    assert process.stderr
    try:
        yield process, msgspec.json.decode(process.stdout.readline())
    finally:
        process.kill()
        process.wait(DEADLINE_S)
        process.stdout.close()
        process.stderr.close()


def scan(eyes: LinePeer, text: str) -> None:
    """Let the camera read a code."""
    eyes.say(kind="code_read", sensed_ms=1, text=text, format="EAN13")


def basket(snapshot: dict[str, Any]) -> tuple[Any, ...]:
    """What the shopper must find again after a crash."""
    lines = [(line["line_id"], line["name"], line["price_minor"]) for line in snapshot["lines"]]
    return lines, snapshot["total_minor"], snapshot["route"]


def test_a_killed_cart_comes_back_with_its_basket(config: Path) -> None:
    """kill -9 in mid-trip: within two seconds the screen shows the same lines and total again."""
    folder = config.parent
    with cartd(config) as (process, _), LinePeer(folder / "run" / "screen.sock") as screen:
        with LinePeer(folder / "run" / "eyes.sock") as eyes:
            screen.say(intent_id="i-1", action="start")
            screen.hear_until("route", "shop")
            scan(eyes, "9520000000042")
            screen.hear_until("total_minor", 106)
            scan(eyes, "9520000000059")
            before = screen.hear_until("total_minor", 265)
        process.send_signal(signal.SIGKILL)
        process.wait(DEADLINE_S)
    began_s = time.monotonic()
    with cartd(config) as (_, ready), LinePeer(folder / "run" / "screen.sock") as screen:
        after = screen.hear_until("total_minor", 265)
        took_s = time.monotonic() - began_s
    assert basket(after) == basket(before)
    assert after["revision"] > before["revision"]
    assert (ready["epoch"], ready["last_seq"], ready["trouble"]) == (1, 4, "")
    assert took_s < 2.0


def test_the_record_replays_to_the_journal(
    config: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Pure replay, a replayed cart and the journal's own export are the same bytes."""
    folder = config.parent
    for _ in range(2):
        with cartd(config) as (process, ready):
            with (
                LinePeer(folder / "run" / "screen.sock") as screen,
                LinePeer(folder / "run" / "eyes.sock") as eyes,
            ):
                screen.say(intent_id="i-1", action="start")
                screen.hear_until("route", "shop")
                scan(eyes, "9520000000042")
                while not screen.hear()["lines"]:
                    pass
            process.send_signal(signal.SIGTERM)
            assert process.wait(DEADLINE_S) == 0
    record = Path(ready["record"])
    assert record.name == "0002.mcap"
    journal = replayed(record, tmp_path / "replayed")
    exported = journal.export_lines()
    journal.close()
    assert exported == replay_record(record)
    assert len(exported.splitlines()) >= 3
    assert _printed(folder / "data", capfd) == exported


def _printed(folder: Path, capfd: pytest.CaptureFixture[str]) -> bytes:
    capfd.readouterr()
    assert print_journal(argparse.Namespace(path=folder)) == 0
    sys.stdout.flush()
    return capfd.readouterr().out.encode()


def test_ready_within_two_seconds_and_a_clean_end(config: Path) -> None:
    """The sockets are open when it says ready; SIGTERM ends it with status 0, sockets gone."""
    began_s = time.monotonic()
    with cartd(config) as (process, ready):
        took_s = time.monotonic() - began_s
        assert ready["ready"] == "cartd"
        LinePeer(config.parent / "run" / "screen.sock").close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_S) == 0
    assert took_s < 2.0
    assert not list((config.parent / "run").iterdir())


def test_a_stop_that_a_librarys_thread_is_given_is_a_clean_end(config: Path) -> None:
    """numpy's threads start before ours can block a signal, and the kernel may choose them."""
    with cartd(config) as (process, _):
        os.kill(open_to_sigterm(process.pid) or process.pid, signal.SIGTERM)
        assert process.wait(DEADLINE_S) == 0


def open_to_sigterm(process_id: int) -> int | None:
    """A thread of the process that does not block SIGTERM; no core to spare, none started."""
    for task in Path(f"/proc/{process_id}/task").iterdir():
        (blocked,) = re.findall(r"SigBlk:\s*(\w+)", (task / "status").read_text())
        if int(task.name) != process_id and not int(blocked, 16) >> (signal.SIGTERM - 1) & 1:
            return int(task.name)
    return None


def test_systemd_is_told(config: Path, tmp_path: Path) -> None:
    """READY comes when it is ready, WATCHDOG while all threads live, STOPPING at the end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(DEADLINE_S)
        with cartd(config, {"NOTIFY_SOCKET": str(tmp_path / "notify")}) as (process, _):
            said = [systemd.recv(100), systemd.recv(100)]
            process.send_signal(signal.SIGTERM)
            while said[-1] == b"WATCHDOG=1":  # a slow machine may hear more than one
                said.append(systemd.recv(100))
    assert [*dict.fromkeys(said)] == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]


def test_a_second_cart_on_the_folder_is_refused(config: Path) -> None:
    """Two carts must not share a journal: the second says so, the first goes on."""
    with cartd(config) as (process, _):
        second = popen(config)
        _, errors = second.communicate(timeout=DEADLINE_S)
        assert second.returncode == 2
        assert "is in use by another cartd" in errors
        assert process.poll() is None


def damaged_catalog(folder: Path) -> None:
    """A catalog that is cut off."""
    (folder / "catalog.json").write_text('{"version": 1, ')


def unknown_driver(folder: Path) -> None:
    """A scale that nobody wrote a driver for."""
    with (folder / "cart.toml").open("a") as file:
        file.write('[scale]\nport = "/dev/scale"\ndriver = "abacus"\n')


def unknown_scanner(folder: Path) -> None:
    """A scanner that nobody wrote a driver for."""
    with (folder / "cart.toml").open("a") as file:
        file.write('[scanner]\nport = "/dev/scanner"\ndriver = "abacus"\n')


def bad_calibration(folder: Path) -> None:
    """A calibration without numbers."""
    (folder / "scale.toml").write_text("[calibration]\n")
    with (folder / "cart.toml").open("a") as file:
        file.write('[scale]\nport = "/dev/scale"\ncalibration = "scale.toml"\n')


def journal_is_a_folder(folder: Path) -> None:
    """Something else lies where the journal should be."""
    (folder / "data" / FILE_NAME).mkdir(parents=True)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (damaged_catalog, "catalog_file: "),
        (unknown_driver, "scale.driver: "),
        (unknown_scanner, "scanner.driver: "),
        (bad_calibration, "scale.calibration: "),
        (journal_is_a_folder, "make the folder writable"),
    ],
)
def test_a_cart_that_cannot_start_says_why(
    spoil: Callable[[Path], None], expected: str, config: Path
) -> None:
    """One line on stderr names what is wrong; the exit status is 2."""
    spoil(config.parent)
    process = popen(config)
    output, errors = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 2
    assert output == ""
    assert expected in errors
    assert "Traceback" not in errors


def test_replay_needs_nothing_heavy() -> None:
    """A replay imports no network, wire or number library: another Python may lack them."""
    program = (
        "import sys, cart.shell.replay\n"
        "heavy = {'numpy', 'paho', 'serial', 'cryptography', 'onnxruntime', 'kivy', 'cv2'}\n"
        "print(*(heavy & set(sys.modules)))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=20
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "\n", "")
