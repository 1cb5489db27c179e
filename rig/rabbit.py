"""A chain's broker: three RabbitMQ nodes as one cluster on loopback, behind one port.

Debian's rabbitmq-server 3.10 speaks MQTT 3.1.1. The nodes and their port mapper (epmd) are ours,
on free ports, with their files in a folder of their own, and run as the user `rabbitmq` when
started by root. `kill` ends one node after the other in turn; the port in front leads to those that
live. What is retained stays on the node where it was said (docs/scale.md).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from rig.broker import BEGAN, BrokerError, free_port, listens
from rig.proxy import FaultProxy
from rig.waiting import came

NODES = 3
READY_S_MAX = 90
PROGRAMS = Path("/usr/lib/rabbitmq/bin")
USER = "rabbitmq"
# A node in a group of its own hears no Ctrl-C of ours, and must not outlive whoever started it.
WITH_US = ("setpriv", "--pdeathsig", "KILL")
ERLANG = "-noinput -kernel inet_dist_use_interface {127,0,0,1}"
CONFIG = """
listeners.tcp = none
mqtt.allow_anonymous = true
mqtt.default_user = guest
mqtt.default_pass = guest
mqtt.durable_queue_type = quorum
mqtt.tcp_listen_options.nodelay = true
mqtt.listeners.tcp.default = 127.0.0.1:{port}
cluster_formation.peer_discovery_backend = classic_config
cluster_partition_handling = pause_minority
vm_memory_high_watermark.relative = 0.2
"""
# A client's queue lives on the node of its connection. Were it only there, the same client could
# not subscribe at another node for as long as that one is gone (docs/scale.md).
QUEUES = "^mqtt-subscription-"
MIRRORED = {
    "ha-mode": "exactly",
    "ha-params": 2,
    "ha-sync-mode": "automatic",
    "ha-promote-on-failure": "always",
}


class Node:
    """One of the nodes: its name, its files and its process."""

    def __init__(self, folder: Path, number: int, common: Mapping[str, str]) -> None:
        self.name = f"r{number}@localhost"
        self.port = free_port()
        self._folder = folder / f"r{number}"
        self._folder.mkdir()
        self._environment = {
            **common,
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self._folder),
            "RABBITMQ_CONFIG_FILE": str(self._folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "enabled_plugins"),
            "RABBITMQ_PID_FILE": str(self._folder / "pid"),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def configure(self, names: list[str]) -> None:
        """Write its files; `names` are all nodes of the cluster."""
        lines = [f"cluster_formation.classic_config.nodes.{at} = {name}" for at, name in
                 enumerate(names, 1)]  # fmt: skip
        text = CONFIG.format(port=self.port) + "\n".join(lines) + "\n"
        (self._folder / "rabbitmq.conf").write_text(text)
        (self._folder / "enabled_plugins").write_text("[rabbitmq_mqtt].\n")

    def start(self) -> int:
        """Start it; returns at once the number of its process."""
        with (self._folder / "out.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*WITH_US, PROGRAMS / "rabbitmq-server"], env=self._environment, user=_user(),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        return self._process.pid

    def await_ready(self) -> None:
        """Wait until it takes connections. Raises BrokerError."""
        if not came(lambda: listens("127.0.0.1", self.port), READY_S_MAX):
            raise BrokerError(f"{self.name} does not listen; see {self._folder}")

    def kill(self) -> None:
        """SIGKILL it and the helpers in its group."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


class Cluster:
    """Three nodes and the port in front of them; to be used as `rig.broker.Broker` is."""

    host = "127.0.0.1"

    def __init__(self, folder: Path) -> None:
        self._log = folder / "rabbitmq.log"
        # The user of the nodes may not look into the folder of whoever started us.
        self._folder = Path(tempfile.mkdtemp(prefix="dashcart-rabbit-"))
        mapper_port = str(free_port())
        self._common = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),  # the nodes' shared secret (.erlang.cookie) lies there
            "ERL_EPMD_PORT": mapper_port,
            "ERL_EPMD_ADDRESS": self.host,
            # Without the script that would stand between us and the node's own process.
            "RABBITMQ_ALLOW_INPUT": "1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERLANG,
        }
        self.nodes = [Node(self._folder, number, self._common) for number in range(1, NODES + 1)]
        for node in self.nodes:
            node.configure([each.name for each in self.nodes])
        self._victim = 0
        self._stack = ExitStack()
        self._mapper = [*WITH_US, "epmd", "-port", mapper_port, "-address", self.host]
        self._front = FaultProxy(*((self.host, node.port) for node in self.nodes))
        self.port = self._front.port

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, self._folder, ignore_errors=True)
            if _user():
                for path in (self._folder, *self._folder.rglob("*")):
                    shutil.chown(path, USER, USER)
            mapper = subprocess.Popen(self._mapper, user=_user(), env=self._common)
            stack.callback(mapper.wait)
            stack.callback(mapper.kill)
            for node in self.nodes:
                stack.callback(node.kill)
                node.start()
                node.await_ready()  # one by one: each joins those before it
            self._note(mapper.pid)
            self.control("set_policy", "mqtt", QUEUES, json.dumps(MIRRORED), "--apply-to", "queues")
            stack.enter_context(self._front)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        with self._log.open("ab") as kept:
            for log in sorted(self._folder.glob("r*/r*.log")):
                kept.write(log.read_bytes())
        self._stack.close()

    def kill(self) -> None:
        """End the next node in turn with SIGKILL; the others go on."""
        self.nodes[self._victim].kill()

    def start(self) -> Self:
        """Bring that node back, and wait until it serves. Raises BrokerError."""
        self._note(self.nodes[self._victim].start())
        self.nodes[self._victim].await_ready()
        self._victim = (self._victim + 1) % NODES
        return self

    def _note(self, process_id: int) -> None:
        """The cluster began, or one of its nodes began anew."""
        with self._log.open("a") as log:
            log.write(f"{BEGAN} {process_id}\n")

    def control(self, *words: str) -> str:
        """What `rabbitmqctl` says, asked of the first node. Raises CalledProcessError."""
        command = [str(PROGRAMS / "rabbitmqctl"), "-n", self.nodes[0].name, "-q", *words]
        return subprocess.run(
            command, env=self._common, user=_user(), check=True, text=True, stdout=subprocess.PIPE
        ).stdout


def _user() -> str | None:
    """Who runs the nodes: never root."""
    return USER if os.geteuid() == 0 else None
