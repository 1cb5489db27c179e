"""docs/dependencies.md and setup.cfg must name the same libraries, ranges and extras."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
REQUIREMENT = re.compile(r"([a-z0-9-]+)(\S*)")


def declared() -> set[tuple[str, ...]]:
    """Return (library, range) or (library, range, extra) for every requirement in setup.cfg."""
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    lists = {"": settings["options"]["install_requires"], **settings["options.extras_require"]}
    return {
        (*split(line), *([extra] if extra else []))
        for extra, lines in lists.items()
        for line in lines.split()
    }


def split(requirement: str) -> tuple[str, str]:
    """Return the name and the range of a requirement."""
    found = REQUIREMENT.fullmatch(requirement)
    assert found, requirement
    return found[1], found[2]


def documented() -> set[tuple[str, ...]]:
    """Return the same from the tables of the page; each row must end with a reason."""
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")]
            for line in page.splitlines() if line.startswith("|")]  # fmt: skip
    tables = [row for row in rows if row[0] != "library" and not row[0].startswith("---")]
    assert all(row[-1] for row in tables)
    return {tuple(row[:-1]) for row in tables}


def test_every_dependency_has_a_reason() -> None:
    """The page lists every requirement with its range, and nothing that is not required."""
    assert documented() == declared()


def test_every_range_has_a_lower_end() -> None:
    """An open lower end would let a resolver choose a release that nobody has tried."""
    assert [row for row in declared() if not row[1].startswith(">=")] == []
