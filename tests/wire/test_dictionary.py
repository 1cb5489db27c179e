"""The one dictionary: its files are current, its hash means something, its mistakes are named."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from firmware_bridge import dictionary, frames, generate, messages
from firmware_bridge.__main__ import main

PROTOCOL = generate.ROOT / generate.SOURCE


def changed(folder: Path, old: str, new: str) -> Path:
    """A copy of the dictionary with one text replaced."""
    text = PROTOCOL.read_text(encoding="utf-8")
    assert old in text
    path = folder / "protocol.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_the_generated_files_are_current() -> None:
    """What is committed is what the dictionary says."""
    assert main(["generate", "--check"]) == 0


def test_a_stale_file_is_named_and_mended(tmp_path: Path) -> None:
    """A checkout with an old generated file is told so, and `write` mends exactly that."""
    assert len(generate.write(tmp_with_source(tmp_path))) == 3
    assert generate.stale(tmp_path) == {}
    (tmp_path / "docs/wire.md").write_text("old", encoding="utf-8")
    assert generate.write(tmp_path) == [tmp_path / "docs/wire.md"]


def test_the_check_fails_on_a_stale_file_and_names_it(tmp_path: Path) -> None:
    """In a checkout with an old header: exit status 1, its path, and the command that mends it."""
    shutil.copytree(generate.ROOT / "firmware_bridge", tmp_path / "firmware_bridge")
    tmp_with_source(tmp_path)
    shutil.copytree(generate.ROOT / "firmware/core", tmp_path / "firmware/core")
    (tmp_path / "docs").mkdir()
    shutil.copy(generate.ROOT / "docs/wire.md", tmp_path / "docs/wire.md")
    assert checked(tmp_path).returncode == 0
    (tmp_path / "firmware/core/protocol.h").write_text("old", encoding="utf-8")
    stale = checked(tmp_path)
    assert stale.returncode == 1
    assert stale.stdout == "firmware/core/protocol.h: stale\n"
    assert "generate" in stale.stderr


def checked(checkout: Path) -> subprocess.CompletedProcess[str]:
    """Run the check in a checkout, as `make check` does."""
    return subprocess.run(
        [sys.executable, "-m", "firmware_bridge", "generate", "--check"],
        cwd=checkout,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def tmp_with_source(folder: Path) -> Path:
    """A folder with the dictionary and nothing generated."""
    target = folder / generate.SOURCE
    target.parent.mkdir(parents=True)
    shutil.copy(PROTOCOL, target)
    return folder


def test_the_hash_changes_with_the_bytes_and_only_with_them(tmp_path: Path) -> None:
    """A new type is a new hash; a better explanation is not."""
    ours = dictionary.load(PROTOCOL).schema_hash
    assert ours == messages.SCHEMA_HASH
    reworded = changed(tmp_path, "chip time of the newest reading", "when")
    assert dictionary.load(reworded).schema_hash == ours
    retyped = changed(tmp_path, 'name = "overruns", type = "u16"', 'name = "overruns", type = "u8"')
    assert dictionary.load(retyped).schema_hash != ours
    tenths = changed(tmp_path, 'unit = "mV"', 'unit = "10 mV"')
    assert dictionary.load(tenths).schema_hash != ours, "other quantities are another wire"


def test_the_frames_and_the_dictionary_agree_on_the_longest_payload() -> None:
    """The codec's limit is the dictionary's."""
    assert frames.PAYLOAD_BYTES_MAX == messages.PAYLOAD_BYTES_MAX


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("id = 0x02", "id = 0x01", "Samples: id 0x1 is taken"),
        ("id = 0x02", "id = 0x60", "Samples: id 0x60 is reserved"),
        ('type = "u16"', 'type = "u24"', "Samples.overruns: type 'u24' is unknown"),
        ('direction = "chip_to_host"', 'direction = "up"', "Hello: direction is one of"),
        ("version = 1", "version", "protocol.toml"),
        ("payload_bytes_max = 96", "", "payload_bytes_max"),
        ("payload_bytes_max = 96", "payload_bytes_max = 20", "does not fit"),
        ("payload_bytes_max = 96", "payload_bytes_max = 400", "payload_bytes_max is"),
        ("SOFTWARE = 5", "SOFTWARE = 500", "ResetCause.SOFTWARE: 500 is taken or not a byte"),
        ("SOFTWARE = 5", "SOFTWARE = 4", "EXTERNAL: 4 is taken"),
        ('name = "y_milli_g"', 'name = "x_milli_g"', "Motion: the name x_milli_g stands twice"),
        ('name = "y_milli_g"', 'name = "class"', "Motion: 'class' can't be a name"),
        ('name = "y_milli_g"', 'nmae = "a", name = "y_milli_g"', "unknown key 'nmae'"),
        ('name = "Environment"', 'name = "Motion"', "the name Motion stands twice"),
        ('name = "locked", type = "u8"', 'name = "locked", type = "i32[]"', "the chip reads no"),
        ('name = "reset_cause", type = "ResetCause"', 'name = "a", type = "u32"', "for ever"),
    ],
)
def test_a_broken_dictionary_says_what_is_broken(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    """Each mistake gets one error naming the entry."""
    with pytest.raises(dictionary.DictionaryError, match=complaint):
        dictionary.load(changed(tmp_path, old, new))
