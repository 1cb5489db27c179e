"""The wheel is what a cart gets: built here, installed into an empty environment, and opened."""

from __future__ import annotations

import configparser
import json
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
DEMO_CATALOG = ROOT / "rig" / "demo" / "catalog.json"
PROBE = Path(__file__).with_name("wheel_probe.py")
BUILD_FILES = ("LICENSE", "README.md", "pyproject.toml", "setup.cfg")


def listed_packages() -> list[str]:
    """Return the packages that setup.cfg names."""
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    return settings["options"]["packages"].split()


def top_packages() -> list[str]:
    """Return the listed packages that lie at the root."""
    return [name for name in listed_packages() if "." not in name]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of the sources, so that no old build folder can leak into it."""
    source = tmp_path_factory.mktemp("source")
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("rig", "tests", *top_packages()):
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in BUILD_FILES:
        shutil.copy(ROOT / name, source)
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", str(source))
    (built,) = source.glob("dist/*.whl")
    return built


def run(*command: str) -> str:
    """Run a command to its end and return what it printed; a failure shows all of it."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def names_in(wheel: Path) -> list[str]:
    """Return the files in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_every_package_is_listed() -> None:
    """A folder of code that setup.cfg forgets would be missing on the cart, and nowhere else."""
    on_disk = {
        ".".join(found.parent.relative_to(ROOT).parts)
        for top in top_packages()
        for found in (ROOT / top).rglob("*.py")
    }
    assert on_disk == set(listed_packages())


def test_no_tests_and_no_rig_inside(wheel: Path) -> None:
    """What only tests the cart is not on the cart."""
    tops = {name.split("/")[0] for name in names_in(wheel) if ".dist-info/" not in name}
    assert tops == set(top_packages())
    assert not [name for name in names_in(wheel) if Path(name).name.startswith("test_")]


def test_every_resource_is_inside(wheel: Path) -> None:
    """Whatever lies beside the code and is kept in the wheel's kinds is in the wheel."""
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    kinds = [kind.strip() for kind in settings["options.package_data"]["*"].split(",")]
    beside = {
        str(path.relative_to(ROOT))
        for top in top_packages()
        for kind in kinds
        for path in (ROOT / top).rglob(kind)
        if path.name != "ruff.toml"
    }
    assert beside <= set(names_in(wheel))


def test_it_opens_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    """Every package imports, and every screen, network and text opens, from the wheel alone.

    The demo store's catalog stays with the rig; what the wheel installs must read it.
    """
    home = tmp_path / "environment"
    venv.create(home, with_pip=False)
    python = str(home / "bin" / "python")
    run(sys.executable, "-m", "pip", "-q", "--python", python, "install", "--no-deps", "--no-index",
        str(wheel))  # fmt: skip
    # The libraries come from this environment, by a path entry; a .pth inside them is not read,
    # so the checkout that is installed here in place stays out of sight.
    site = next(home.glob("lib/python*/site-packages"))
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")

    answer = json.loads(run(python, "-I", str(PROBE), str(DEMO_CATALOG), *top_packages()))

    assert all(Path(module).is_relative_to(site) for module in answer["modules"])
    shipped = [name for name in names_in(wheel) if name.endswith((".kv", ".onnx", ".mo", ".json"))]
    opened = {
        str(Path(file).relative_to(site)) for files in answer["opened"].values() for file in files
    }
    assert {name for name in shipped if ".dist-info/" not in name} <= opened
