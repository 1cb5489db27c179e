"""A Debian with libcamera, Picamera2 and what the eyes need, for tests without a camera.

Made once by mmdebstrap and pip (half a minute, half a gigabyte) in the user's cache, and kept;
another list of packages makes another. What a test does inside never changes it.
"""

from __future__ import annotations

import configparser
import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from tests.data import ROOT

RELEASE, PYTHON = "trixie", "3.13"
DEBIAN = "python3,python3-libcamera,python3-prctl"
# Without what it requires: two of its libraries have no wheels; virtual.py says what of them.
ALONE = ("picamera2==0.3.38", "libarchive-c==5.3", "piexif==1.1.3", "simplejpeg==1.9.0",
         "videodev2==0.0.4")  # fmt: skip
WITH_ALL = ("av==18.1.0", "jsonschema>=4.23,<5", "tqdm==4.70.1")
OF_THE_EYES = {"biip", "msgspec", "numpy", "onnxruntime", "opencv-python-headless", "pillow",
               "zxing-cpp"}  # fmt: skip
INSIDE = ROOT / "tests" / "machines" / "camera"
EMPTY_YAML = Path("usr/share/libcamera/pipeline/virtual/virtual.yaml")


@cache
def camera_root() -> Path:
    """The folder that holds `root` and `site`; made now if there is none."""
    assert os.geteuid() == 0, "only root may enter another root: run make test-machines as root"
    recipe = [RELEASE, DEBIAN, *ALONE, *WITH_ALL, *eyes_requirements(), platform.machine()]
    sum_of_it = hashlib.sha256(json.dumps(recipe).encode()).hexdigest()[:12]
    cached = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dashcart"
    cached.mkdir(parents=True, exist_ok=True)
    folder = cached / f"camera-{sum_of_it}"
    with (cached / "camera.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another checkout may be at it
        if not folder.exists():
            made = Path(tempfile.mkdtemp(prefix="making-", dir=cached))
            try:
                make(made)
                made.chmod(0o755)
                made.rename(folder)
            finally:
                shutil.rmtree(made, ignore_errors=True)
    return folder


def eyes_requirements() -> list[str]:
    """What of setup.cfg's requirements the eyes import."""
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = settings["options"]["install_requires"].split()
    return [line for line in lines if re.split("[<>=]", line)[0] in OF_THE_EYES]


def make(folder: Path) -> None:
    """Debian's part, then wheels."""
    root, site = folder / "root", folder / "site"
    unwanted = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "locale", "man")]
    do("mmdebstrap", "--mode=root", "--variant=essential", f"--include={DEBIAN}",
       "--dpkgopt=force-unsafe-io", *unwanted,
       RELEASE, str(root), debian_mirror())  # fmt: skip
    yaml = root / EMPTY_YAML
    yaml.parent.mkdir(parents=True)
    yaml.symlink_to("/srv/tests/machines/camera/virtual.yaml")
    wheels = [f"--platform={kind}_{platform.machine()}"
              for kind in ("manylinux_2_28", "manylinux_2_17", "manylinux2014")]  # fmt: skip
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", f"--target={site}",
           f"--python-version={PYTHON}", "--only-binary=:all:", *wheels)  # fmt: skip
    do(*pip, *WITH_ALL, *eyes_requirements())
    do(*pip, "--no-deps", *ALONE)


def debian_mirror() -> str:
    """Where this machine gets its Debian from."""
    asked = do("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    mirrors = [line for line in asked.split() if re.fullmatch(r"https?://\S+/debian/?", line)]
    return (*mirrors, "http://deb.debian.org/debian")[0]


def do(*command: str) -> str:
    """Run a program and return what it printed; if it fails, its own words are the failure."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command[0]} failed:\n{done.stderr[-2000:]}"
    return done.stdout


def inside(desk: Path, module: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs a module of ours on virtual cameras; `desk` is its /mnt."""
    made = camera_root()
    places = (made / "root", made / "site", ROOT, desk)
    return (
        "unshare", "--mount", "sh", str(INSIDE / "enter.sh"), *map(str, places),
        "python3", "/srv/tests/machines/camera/virtual.py", module, *arguments,
    )  # fmt: skip
