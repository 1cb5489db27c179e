"""The files in deploy/ must name what exists: commands with these options, devices, topics."""

from __future__ import annotations

import configparser
import getpass
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cart.eyes.__main__ import parser
from cart.eyes.sources import source_opener
from cart.eyes.sources.settings import settings_of
from cart.shell.config import load
from cart.shell.fetching import FETCH_MS_MAX
from store.__main__ import main as store_main
from store.authority import Authority

ROOT = Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
FETCH = DEPLOY / "systemd" / "cart-fetch.service"
LASTING = [unit for unit in UNITS if unit != FETCH]
STORE = DEPLOY / "systemd" / "store" / "dashcart-store.service"
TO_BROKER = STORE.with_name("dashcart-broker.service")
WATCH = TO_BROKER.with_suffix(".path")
UDEV_TERM = re.compile(
    r"(SUBSYSTEM|KERNEL|ATTRS\{(idVendor|idProduct)\}|SYMLINK|GROUP|MODE|ENV\{\w+\})"
    r'(==|\+=|=)"[^"]+"'
)


def unit_service(unit: Path) -> configparser.SectionProxy:
    """Return the [Service] section of a systemd unit."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read(unit, encoding="utf-8")
    return parser["Service"]


def test_the_three_processes_have_units() -> None:
    """A cart is three processes, each restarted alone; the eyes once for each camera."""
    assert [unit.stem for unit in LASTING] == ["cart-eyes@", "cart-ui", "cartd"]


@pytest.mark.parametrize("unit", [*UNITS, STORE], ids=lambda unit: unit.stem)
def test_a_unit_starts_a_command_that_exists(unit: Path) -> None:
    """The command of a unit prints its help, and the help knows every option that is used."""
    _, *arguments = shlex.split(unit_service(unit)["ExecStart"])
    options = [word for word in arguments if word.startswith("--")]
    command = arguments[: arguments.index(options[0])]
    done = subprocess.run(
        [sys.executable, *command, "--help"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [option for option in options if option not in done.stdout] == []


@pytest.mark.parametrize("unit", [*LASTING, STORE], ids=lambda unit: unit.stem)
def test_a_unit_comes_back_and_is_confined(unit: Path) -> None:
    """Each process restarts within the two seconds a shopper may wait, and owns nothing extra."""
    service = unit_service(unit)
    assert service["Restart"] == "always"
    assert int(service["RestartSec"].removesuffix("ms")) <= 500
    assert service["User"] == "dashcart"
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"


def test_signed_files_are_fetched_now_and_then() -> None:
    """A timer starts the fetching, which ends by itself and may write in one place only."""
    timer = configparser.ConfigParser(interpolation=None, strict=False)
    timer.read(FETCH.with_suffix(".timer"), encoding="utf-8")
    assert timer["Timer"]["OnUnitInactiveSec"] == "15min"
    assert timer["Install"]["WantedBy"] == "timers.target"
    service = unit_service(FETCH)
    assert (service["Type"], service["User"]) == ("oneshot", "dashcart")
    assert (service["ProtectSystem"], service["NoNewPrivileges"]) == ("strict", "yes")
    assert int(service["TimeoutStartSec"].removesuffix("min")) * 60_000 > FETCH_MS_MAX
    written = [key for key in service if "directory" in key.lower() or "readwrite" in key.lower()]
    assert written == ["workingdirectory", "statedirectory", "statedirectorymode"]


def test_the_configuration_names_what_the_other_files_make(tmp_path: Path) -> None:
    """The sample is accepted as it is; udev makes its devices, systemd its folders."""
    shutil.copy(DEPLOY / "cart.toml", tmp_path)
    Authority(tmp_path / "authority").equip("cart-7", tmp_path)
    pair = (tmp_path / "cart-7.key").read_bytes() + (tmp_path / "cart-7.pem").read_bytes()
    (tmp_path / "cart.pem").write_bytes(pair)
    (tmp_path / "store.pem").touch()
    (tmp_path / "root.json").touch()
    config = load(tmp_path / "cart.toml")
    rules = (DEPLOY / "udev" / "60-dashcart.rules").read_text(encoding="utf-8")
    assert config.scale
    assert config.scanner
    for device in (config.scale.port, config.scanner.port):
        assert f'SYMLINK+="{device.relative_to("/dev")}"' in rules
    service = unit_service(DEPLOY / "systemd" / "cartd.service")
    assert config.screen_socket.parent == Path("/run", service["RuntimeDirectory"])
    assert config.eyes_socket.parent == Path("/run", service["RuntimeDirectory"])
    assert config.data_folder == Path("/var/lib", service["StateDirectory"])
    assert config.files
    assert config.files.folder == Path("/var/lib", unit_service(FETCH)["StateDirectory"])


def test_the_cameras_settings_are_accepted() -> None:
    """The sample names a source that exists and options that the eyes know."""
    text = (DEPLOY / "eyes-inside.env").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    variables = dict(line.split("=", 1) for line in lines)
    command = unit_service(DEPLOY / "systemd" / "cart-eyes@.service")["ExecStart"]
    for name, value in {**variables, "{SOURCE}": variables["SOURCE"]}.items():
        command = command.replace(f"${name}", value)
    arguments = parser().parse_args(shlex.split(command.partition("cart.eyes")[2]))
    source_opener(arguments.source, settings_of(arguments))
    assert settings_of(arguments).exposure_us == 2_000
    service = unit_service(DEPLOY / "systemd" / "cart-eyes@.service")
    assert arguments.clips == Path("/var/lib", service["StateDirectory"])
    assert service["StateDirectoryMode"] == "0700"
    assert "$" not in command


def test_the_stores_settings_are_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    """The sample is usage that the service knows, but for files that only a store has; the service
    may write in the folder of its data alone, which is its own."""
    text = (DEPLOY / "store.env").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    service = unit_service(STORE)
    command = service["ExecStart"].partition("-m store ")[2]
    for name, value in (line.split("=", 1) for line in lines):
        command = command.replace(f"${{{name}}}", value).replace(f"${name}", value)
    assert "$" not in command
    with pytest.raises(SystemExit):
        store_main(shlex.split(command))
    missing = "--tls-ca: /var/lib/dashcart-store/service/ca.pem: no such file"
    assert missing in capsys.readouterr().err
    assert f"--data /var/lib/{service['StateDirectory']} " in command
    assert service["StateDirectoryMode"] == "0700"


def test_a_broker_beside_the_store_gets_what_is_laid_ready(tmp_path: Path) -> None:
    """The unit copies each file that it is woken by, and no other, so that the broker alone can
    read them, and then has it read them."""
    data, out, user = tmp_path / "data", tmp_path / "broker", getpass.getuser()
    names = ["--tenant", "t", "--store", "s", "--host", "h", "--user", user]
    assert store_main(["broker", *names, "--data", str(data), "--out", str(out)]) == 0
    copy, tell = re.findall("^ExecStart=(.+)$", TO_BROKER.read_text(encoding="utf-8"), re.MULTILINE)
    woken_by = set(
        re.findall("^PathChanged=(.+)$", WATCH.read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert woken_by == {word for word in copy.split() if word.startswith("/var/lib/")}
    for file in woken_by:
        (out / Path(file).name).write_bytes(b"old")
    here = copy.replace("-o mosquitto -g mosquitto", "").replace(
        "/etc/mosquitto/dashcart", str(out)
    )
    here = here.replace(f"/var/lib/{unit_service(STORE)['StateDirectory']}/", f"{data}/")
    subprocess.run(shlex.split(here), check=True)
    for file in woken_by:
        name = Path(file).name
        assert (out / name).read_bytes() == (data / "authority" / name).read_bytes()
        assert (out / name).stat().st_mode & 0o777 == 0o600
    assert tell.endswith("--signal=HUP mosquitto.service")


@pytest.mark.machines
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    """Systemd itself finds nothing to say about the units, once their command exists."""
    for unit in [*UNITS, STORE, TO_BROKER, WATCH, FETCH.with_suffix(".timer")]:
        text = unit.read_text(encoding="utf-8")
        here = text.replace("/opt/dashcart/.venv/bin/python", sys.executable)
        (tmp_path / unit.name).write_text(here, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    ours = [
        line
        for line in done.stderr.splitlines()
        if re.search(r"cartd|cart-(eyes|ui|fetch|store|broker)", line)
    ]
    assert ours == []


def test_udev_names_every_device() -> None:
    """Every rule is made of terms that udev knows, and each way to plug one in has its name.

    Only a serial port can be written to, and only by whom the cart runs as.
    """
    text = (DEPLOY / "udev" / "60-dashcart.rules").read_text(encoding="utf-8")
    rules = [line for line in text.splitlines() if line and not line.startswith("#")]
    broken = [term for rule in rules for term in rule.split(", ") if not UDEV_TERM.fullmatch(term)]
    assert broken == []
    rights = {
        rule.split('"')[1]: set(re.findall(r'(?:GROUP|MODE)="([^"]+)"', rule)) for rule in rules
    }
    assert rights == {
        "tty": {"dialout", "0660"}, "hidraw": {"dashcart", "0440"}, "input": {"dashcart", "0440"},
    }  # fmt: skip
    names = {"scale", "scanner", "usb-scale", "usb-scanner", "keyboard-scanner"}
    assert set(re.findall(r'SYMLINK\+="dashcart/([^"]+)"', text)) == names
