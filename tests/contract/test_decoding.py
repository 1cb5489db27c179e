"""A catalog may be read for the first time from several threads at once."""

from __future__ import annotations

import subprocess
import sys

from tests.data import ROOT

AT_ONCE = """
import sys, threading
from cart.core.catalog import parse_catalog

sys.setswitchinterval(1e-6)
data = open("docs/schemas/example/catalog.json", "rb").read()
start, done = threading.Barrier(16), []

def first(number):
    start.wait()
    parse_catalog(data)
    done.append(number)

threads = [threading.Thread(target=first, args=[number]) for number in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(done))
"""


def test_the_first_catalog_may_come_to_many_threads() -> None:
    """Sixteen threads read one at the same moment and live, in each of four processes.

    Where msgspec learns the type only then, nine in ten such processes end by SIGSEGV."""
    for _ in range(4):
        ended = subprocess.run(
            [sys.executable, "-c", AT_ONCE], capture_output=True, text=True, check=False, cwd=ROOT
        )
        assert (ended.returncode, ended.stdout.strip()) == (0, "16"), ended.stderr
