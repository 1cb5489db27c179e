"""Programs that others wrote to speak with scales and tills, each in an environment of its own.

They are peers at the other end of a wire, and one of them is AGPL: the product never imports them.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.pythons import find_python
from tests.waiting import until

ROOT = Path(__file__).parents[2]
PYTHON = "3.13"  # emupos runs on nothing older
REQUIREMENTS = {
    "emupos": ["emupos==0.4.0"],
    "mtsics": ["mt-sics-emulator==0.1.1"],
    "odoo": ["odoo-driver-plugin-scale-toledo-8217==2.1.0"],
    # What it imports has left newer releases of the other two.
    "mettler": ["mettler-toledo-device==1.5.0", "serial-interface==2.0.6", "setuptools<81"],
}
EMUPOS = """
schema: 1
api: {{ host: 127.0.0.1, port: {port} }}
devices:
  - id: deli
    type: scale
    profile: toledo8217-15kg
    connections: [{{ serial: {{ pty: true }} }}]
  - id: counter
    type: scale
    profile: sma-15kg
    connections: [{{ serial: {{ pty: true }} }}]
  - id: lane
    type: scanner
    mode: serial
    connections: [{{ serial: {{ pty: true }} }}]
"""


def programs(name: str) -> Path:
    """The folder of a peer's programs; its environment is made once and kept between runs."""
    folder = ROOT / ".venv" / f"peer-{name}"
    if not (folder / "complete").exists():
        bare = str(find_python(PYTHON))
        subprocess.run([bare, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *REQUIREMENTS[name]], check=True)
        (folder / "complete").touch()
    return folder / "bin"


@dataclass(frozen=True)
class Control:
    """A peer's HTTP interface for tests, on loopback."""

    port: int

    def answers(self) -> bool:
        """Whether it listens yet."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def send(self, method: str, path: str, **body: object) -> int:
        """One request with a JSON body; the status."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request(method, path, json.dumps(body), headers)
            return connection.getresponse().status
        finally:
            connection.close()


def free_port() -> int:
    """A TCP port of loopback that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(command: list[str | Path], **more: str) -> Iterator[subprocess.Popen[str]]:
    """A peer as a process, ended by its id."""
    process = subprocess.Popen(
        command, env=os.environ | more, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


@contextmanager
def emupos(folder: Path) -> Iterator[tuple[Control, Path]]:
    """Two scales and a scanner; how to tell them what to do, and the folder of their ports."""
    control = Control(free_port())
    file = folder / "emupos.yaml"
    file.write_text(EMUPOS.format(port=control.port), encoding="utf-8")
    with running([programs("emupos") / "emupos", "run", "--config", file], TMPDIR=str(folder)):
        until(control.answers, "emupos")
        yield control, folder / "emupos"


@contextmanager
def mtsics() -> Iterator[tuple[Control, socket.socket]]:
    """An Ohaus Ranger 7000 of 35 kg in steps of 5 g, and an open connection to it."""
    port, control = free_port(), Control(free_port())
    options = ["--host", "127.0.0.1", "--port", str(port), "--profile", "ohaus-ranger7000"]
    program = programs("mtsics") / "mtsics-tcp"
    with running([program, *options, "--control-port", str(control.port)]):
        until(control.answers, "mt-sics-emulator")
        until(Control(port).answers, "its scale")
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.settimeout(0.02)
            yield control, line


def ask(name: str, script: str, *arguments: str) -> dict[str, Any]:
    """Run a script with a peer's Python; the JSON object it prints last."""
    done = subprocess.run(
        [programs(name) / "python", "-c", script, *arguments],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer
