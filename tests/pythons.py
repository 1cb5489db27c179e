"""Finds the Pythons that a replay must agree on; it must never settle for another version."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def find_python(version: str) -> Path:
    """Return the interpreter of a version such as "3.13", or fail the test naming what is missing.

    What stands on PATH may be a pyenv shim that refuses to run; then the version behind it is
    used.
    """
    shims = [found] if (found := shutil.which(f"python{version}")) else []
    for candidate in [*shims, *_behind_pyenv(version)]:
        if _version_of(candidate) == version:
            return Path(candidate)
    pytest.fail(f"python{version} is not on PATH: this test needs it", pytrace=False)


def _behind_pyenv(version: str) -> list[str]:
    """List pyenv's interpreters of a version, the newest first."""
    pyenv = shutil.which("pyenv")
    if pyenv is None:
        return []
    root = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=True)
    versions = Path(root.stdout.strip(), "versions").glob(f"{version}.*/bin/python{version}")
    return [str(path) for path in sorted(versions, key=_release, reverse=True)]


def _release(interpreter: Path) -> int:
    """Return the last number of a path such as versions/3.13.2/bin/python3.13."""
    digits = interpreter.parent.parent.name.rpartition(".")[2]
    return int(digits) if digits.isdigit() else -1


def _version_of(interpreter: str) -> str | None:
    """Ask an interpreter which version it is; None if it does not run."""
    question = "import sys; print('%d.%d' % sys.version_info[:2])"
    answer = subprocess.run(
        [interpreter, "-c", question], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() if answer.returncode == 0 else None
