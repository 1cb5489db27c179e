"""A program's writes and syncs as strace saw them, and what a disk may hold of them after a cut.

What is synced stays. Of the rest, every sector may have reached the disk or not; names (files made,
renamed, removed) last in their order, up to some point, once their folder is synced or by chance.
Bytes in shared memory (SQLite's -shm) mean nothing after a cut and are left out.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Literal

CALLS = "openat,rename,unlink,write,pwrite64,ftruncate,fsync,fdatasync"
CALL = re.compile(r"(\w+)\((.*)\) += (\d+)(?:<((?:\\x..)+)>)?")
TEXT = re.compile(r'[<"]((?:\\x[0-9a-f]{2})*)[>"]')
SECTOR_BYTES = 512
Fate = Literal["all", "nothing", "torn"]
FATES: tuple[Fate, ...] = ("torn", "nothing", "all")


@dataclass(frozen=True)
class Call:
    """One call: `said` is a line on standard output, `name` a path in the folder, `to` another."""

    kind: Literal["make", "rename", "remove", "write", "cut", "sync", "said"]
    name: str
    to: str = ""
    offset: int = 0
    data: bytes = b""


def recorded(command: Sequence[str], folder: Path, trace: Path) -> list[Call]:
    """Run a program of one thread to its end; what it did in `folder`, in order.

    Raises CalledProcessError."""
    strace = ["strace", "-y", "-xx", "-s", "1000000", "-e", f"trace={CALLS}", "-o", str(trace)]
    subprocess.run([*strace, *command], check=True, stdout=subprocess.PIPE)
    reader = _Reader(str(folder.resolve()))
    lines = trace.read_text(encoding="ascii").splitlines()
    return [call for line in lines for call in reader.calls(line)]


@dataclass
class Disk:
    """What is durable, and what waits in the order of the calls. Files are counted as they come."""

    names: dict[str, int] = field(default_factory=dict)
    files: dict[int, bytearray] = field(default_factory=dict)
    _live: dict[str, int] = field(default_factory=dict)
    _name_calls: list[tuple[Call, int]] = field(default_factory=list)
    _data_calls: list[tuple[Call, int]] = field(default_factory=list)
    _made: int = 0

    def take(self, call: Call) -> None:
        """The program made this call."""
        if call.kind == "make":
            self._made += 1
            self._live[call.name] = self._made
        number = self._live.get(call.name, 0)
        match call.kind:
            case "make" | "rename" | "remove":
                _rename(self._live, call, number)
                self._name_calls.append((call, number))
            case "write" | "cut":
                self._data_calls.append((call, number))
            case "sync" if call.name:
                for each in [each for each in self._data_calls if each[1] == number]:
                    _write(self.files, *each)
                self._data_calls = [each for each in self._data_calls if each[1] != number]
            case "sync":
                for name_call in self._name_calls:
                    _rename(self.names, *name_call)
                self._name_calls = []
            case "said":
                pass

    def after_a_cut(self, fate: Fate, random: Random) -> dict[str, bytes]:
        """The files that may be found when the power is back."""
        names = dict(self.names)
        files = {number: bytearray(data) for number, data in self.files.items()}
        waiting = len(self._name_calls)
        lasting = {"all": waiting, "nothing": 0, "torn": random.randint(0, waiting)}[fate]
        for name_call in self._name_calls[:lasting]:
            _rename(names, *name_call)
        for call, number in self._data_calls:
            if fate == "all":
                _write(files, call, number)
            elif fate == "torn":
                for piece in _sectors(call):
                    if random.random() < 1 / 2:
                        _write(files, piece, number)
        return {name: bytes(files.get(number, b"")) for name, number in names.items()}


def _rename(names: dict[str, int], call: Call, number: int) -> None:
    names.pop(call.name, None)
    if call.kind != "remove":
        names[call.to or call.name] = number


def _write(files: dict[int, bytearray], call: Call, number: int) -> None:
    content = files.setdefault(number, bytearray())
    end = call.offset + len(call.data)
    content.extend(bytes(max(0, end - len(content))))
    if call.kind == "cut":
        del content[call.offset :]
    else:
        content[call.offset : end] = call.data


def _sectors(call: Call) -> Iterator[Call]:
    """A write as the sectors that a disk writes whole; a file cut short is cut at once."""
    if call.kind == "cut":
        yield call
        return
    start, end = call.offset, call.offset + len(call.data)
    while start < end:
        stop = min(end, (start // SECTOR_BYTES + 1) * SECTOR_BYTES)
        piece = call.data[start - call.offset : stop - call.offset]
        yield Call("write", call.name, offset=start, data=piece)
        start = stop


class _Reader:
    """Reads a trace line by line; it knows which files there are, and where each one ends."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._ends: dict[str, int] = {}

    def calls(self, line: str) -> Iterator[Call]:
        found = CALL.search(line)
        if found is None:
            return
        what, arguments, result, opened = found.groups()
        texts = [bytes.fromhex(each.replace("\\x", "")) for each in TEXT.findall(arguments)]
        if what == "write" and arguments.startswith("1<"):
            yield from (Call("said", each) for each in texts[1].decode().splitlines())
            return
        path = bytes.fromhex(opened.replace("\\x", "")) if opened else texts[0]
        name = self._name(path)
        if name is None or name.endswith("-shm"):
            return
        last = arguments.rpartition(", ")[2]
        match what:
            case "openat":
                yield from self._opened(name, arguments)
            case "rename":
                to = self._name(texts[1]) or ""
                self._ends[to] = self._ends.pop(name, 0)
                yield Call("rename", name, to)
            case "unlink":
                self._ends.pop(name, None)
                yield Call("remove", name)
            case "write":
                yield Call("write", name, offset=self._ends[name], data=texts[1])
                self._ends[name] += int(result)
            case "pwrite64":
                yield Call("write", name, offset=int(last), data=texts[1])
            case "ftruncate":
                yield Call("cut", name, offset=int(last))
            case _:
                yield Call("sync", name)

    def _name(self, path: bytes) -> str | None:
        """The path inside the folder, "" for the folder itself; None for others."""
        inside, _, name = path.decode(errors="replace").partition(self._folder)
        return None if inside or name[:1] not in {"", "/"} else name[1:]

    def _opened(self, name: str, arguments: str) -> Iterator[Call]:
        is_new = "O_CREAT" in arguments and name not in self._ends
        self._ends[name] = 0
        if is_new:
            yield Call("make", name)
        elif "O_TRUNC" in arguments:
            yield Call("cut", name)
