"""Malformed bytes by the thousand: damaged, cut, spliced, and JSON with one value gone mad.

Samples are what was really sent once. It must give the same bytes for the same random numbers.
"""

from __future__ import annotations

import json
import os
import time
import tracemalloc
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

# `make storm` asks for many; the suite for a few.
MUTATIONS = int(os.environ.get("DASHCART_MUTATIONS", "60"))
CALL_S_MAX = 1.0  # of this thread's processor
CALL_BYTES_MAX = 32_000_000
DEEP = 2_000
TOKENS = (
    b"null", b"{", b"[" * DEEP, b'{"a":' * DEEP, b"9" * 400, b"-1", b"1e999", b"NaN", b'"',
    b"\\u0000", b"\\ud800", b"\xff\xfe", b"\x00", b"\r\n", b'"kind":"', b"\xed\xa0\x80",
    b'""', b",", b"true",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 10**300, 0.5, 1e308, "",
    "\0", "x" * 70_000, "\U0001f6d2", "../../etc/passwd", "-0", "1e9", [], {}, [[]], [None],
    {"": {}}, "\u2028", "9" * 18,
)  # fmt: skip


def refuse_or_read(
    work: Callable[[bytes], object],
    samples: Sequence[bytes],
    errors: tuple[type[Exception], ...],
    seed: int = 1,
    times: int = MUTATIONS,
) -> None:
    """Feed malformed bytes to `work`: it reads them or raises one of `errors`, with a text for
    people, within a bound of time and memory."""
    random = Random(seed)
    tracemalloc.start()
    try:
        for _ in range(times):
            data = mutated(random, samples)
            tracemalloc.reset_peak()
            said = "read"
            before_bytes, began_s = tracemalloc.get_traced_memory()[0], time.thread_time()
            try:
                work(data)
            except errors as error:
                said = str(error)
            took_s = time.thread_time() - began_s
            assert 0 < len(said) < 2_000
            grown_bytes = tracemalloc.get_traced_memory()[1] - before_bytes
            assert (took_s < CALL_S_MAX, grown_bytes < CALL_BYTES_MAX) == (True, True), data[:300]
    finally:
        tracemalloc.stop()


def mutated(random: Random, samples: Sequence[bytes]) -> bytes:
    """One sample with one to three things wrong."""
    data = random.choice(samples)
    for _ in range(random.randint(1, 3)):
        data = random.choice((_value, _value, _key, _token, _flip, _cut, _splice))(
            random, data, samples
        )
    return data


def _places(node: object, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Every (container, key) below a node."""
    if isinstance(node, dict | list):
        for key in node if isinstance(node, dict) else range(len(node)):
            found.append((node, key))
            _places(node[key], found)
    return found


def _parsed(data: bytes) -> tuple[Any, list[tuple[Any, Any]]]:
    try:
        tree = json.loads(data)
        return tree, _places(tree, [])
    except (ValueError, RecursionError):
        return None, []


def _encoded(tree: object) -> bytes:
    return json.dumps(tree).encode("utf-8", "surrogatepass")


def _value(random: Random, data: bytes, samples: Sequence[bytes]) -> bytes:
    """A value is another one, or one of somewhere else in a sample."""
    tree, places = _parsed(data)
    if not places:
        return _flip(random, data, samples)
    container, key = random.choice(places)
    others = _parsed(random.choice(samples))[1]
    if others and random.random() < 0.3:
        other, name = random.choice(others)
        container[key] = other[name]
    else:
        container[key] = random.choice(VALUES)
    return _encoded(tree)


def _key(random: Random, data: bytes, samples: Sequence[bytes]) -> bytes:
    """A field or row is gone, or there many times."""
    tree, places = _parsed(data)
    if not places:
        return _cut(random, data, samples)
    container, key = random.choice(places)
    if isinstance(container, list) and random.random() < 0.5:
        container.extend([container[key]] * random.choice((1, 40)))
    else:
        del container[key]
    return _encoded(tree)


def _token(random: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    place = random.randint(0, len(data))
    return data[:place] + random.choice(TOKENS) + data[place:]


def _flip(random: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    if not data:
        return b"\x80"
    place = random.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << random.randrange(8)]) + data[place + 1 :]


def _cut(random: Random, data: bytes, _: Sequence[bytes]) -> bytes:
    first, last = sorted(random.randint(0, len(data)) for _ in range(2))
    return data[:first] + data[last:]


def _splice(random: Random, data: bytes, samples: Sequence[bytes]) -> bytes:
    other = random.choice(samples)
    return data[: random.randint(0, len(data))] + other[random.randint(0, len(other)) :]
