"""`python -m cart mind`: anyone can judge the mind; the example beside the schemas is its word."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "docs" / "schemas" / "example"


def mind(*arguments: str, observations: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command."""
    command = [sys.executable, "-m", "cart", "mind", *arguments]
    return subprocess.run(command, input=observations, capture_output=True, check=False, timeout=60)


def test_the_example_trip_is_what_the_mind_says() -> None:
    """The kept observations give the kept facts and notices, byte for byte."""
    done = mind(
        "--catalog", str(EXAMPLE / "catalog.json"), "--cart-id", "cart-01", "--jsonl",
        observations=(EXAMPLE / "observations.jsonl").read_bytes(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.splitlines() == (EXAMPLE / "said.jsonl").read_bytes().splitlines()


def test_the_example_trip_is_complete() -> None:
    """It shows every kind of fact a shopper's trip can leave."""
    said = [json.loads(line) for line in (EXAMPLE / "said.jsonl").read_text().splitlines()]
    kinds = {row["event"]["kind"] for row in said if "event" in row}
    assert kinds >= {
        "trip_opened", "item_added", "item_removed", "line_opened", "question_asked",
        "line_settled", "checkout_started", "payment_requested", "payment_settled", "trip_closed",
    }  # fmt: skip


def test_a_malformed_line_is_answered_and_the_rest_goes_on() -> None:
    """Each bad line gets an error that names it; the good ones are thought about."""
    start = b'{"kind":"touch","t_ms":5,"intent_id":"a","action":"start"}\n'
    lines = b'{"kind":"tick","t_ms":"soon"}\n\nnot json\n' + start
    done = mind("--catalog", str(EXAMPLE / "catalog.json"), observations=lines)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert "line 1" in said[0]["error"]
    assert "line 3" in said[1]["error"]
    assert said[2]["event"]["kind"] == "trip_opened"
    assert done.returncode == 0


def test_a_bad_catalog_is_refused_with_status_2(tmp_path: Path) -> None:
    """One clear line, no traceback."""
    bad = tmp_path / "catalog.json"
    bad.write_text('{"version": 0}')
    for path in (bad, tmp_path / "missing.json"):
        done = mind("--catalog", str(path))
        assert done.returncode == 2
        assert done.stderr.startswith(b"python -m cart mind: ")
        assert len(done.stderr.splitlines()) == 1


def test_a_restart_among_the_observations_keeps_the_catalog() -> None:
    """`Booted` with a journal starts the mind anew; codes still mean something."""
    lines = (
        b'{"kind":"booted","t_ms":5,"cart_id":"cart-01","journal":[]}\n'
        b'{"kind":"scan_seen","t_ms":10,"sensed_ms":10,"text":"9520000000011"}\n'
        b'{"kind":"load_changed","t_ms":900,"sensed_ms":900,"before_mg":0,"after_mg":458000}\n'
    )
    done = mind("--catalog", str(EXAMPLE / "catalog.json"), observations=lines)
    kinds = [json.loads(line).get("event", {}).get("kind") for line in done.stdout.splitlines()]
    assert "item_added" in kinds
