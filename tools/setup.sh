#!/bin/sh
# Makes ready what dashcart stands on: the virtual environment, and a few Debian packages.
#
#   tools/setup.sh install   .venv with everything but the extras pi, train and ocr
#   tools/setup.sh ci-deps   the Debian packages that the whole test suite needs (as root)
#
# It never calls sudo: as root it installs what is missing and says so; as anyone else it names,
# in one line, the command that does. Only python3-venv is a must: without a GL library the demo
# still runs and leaves its pictures out.
set -eu
cd "$(dirname "$0")/.."

GL_PACKAGES="libegl1 libgl1 libgl1-mesa-dri libgbm1"
CHIP_PACKAGES="gcc-avr avr-libc binutils-avr libsimavr-dev libelf-dev gcc-arm-none-eabi"
CI_PACKAGES="python3-venv $GL_PACKAGES gcc libc6-dev make mosquitto postgresql systemd mmdebstrap"
CI_PACKAGES="$CI_PACKAGES $CHIP_PACKAGES strace rabbitmq-server"
STAMP=.venv/installed.sha256

say() { echo "dashcart: $*" >&2; }

die() {
    say "$*"
    exit 1
}

on_a_pi() { grep -qs "Raspberry Pi" /proc/device-tree/model; }

# The named Debian packages that are not installed; none where the system is not a Debian.
missing_packages() {
    command -v dpkg-query >/dev/null || return 0
    for package in "$@"; do
        status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) || status=absent
        [ "$status" = "install ok installed" ] || printf '%s ' "$package"
    done
}

# Install the named packages that are missing, or name the command that does; fails if any is
# missing still.
need() {
    missing=$(missing_packages "$@")
    missing=${missing% }
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        say "Debian packages are missing: sudo apt-get install $missing"
        return 1
    fi
    say "installing the Debian packages $missing"
    # The lists may be older than the archive (or absent), so they are fetched first.
    if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        -o Dpkg::Use-Pty=0 --no-install-recommends $missing; } </dev/null >&2; then
        say "apt-get could not install $missing"
        return 1
    fi
}

# True if the command is a Python that runs (a version manager's stand-in may only print help).
python_runs() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

makes_environments() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

# The Pythons to try, best first. On a Pi only the system's own has the camera's bindings.
candidates() {
    if on_a_pi; then
        echo /usr/bin/python3
    else
        echo python3.11 python3.13 python3 python3.12 /usr/bin/python3
    fi
}

first_python() {
    for candidate in $(candidates); do
        if python_runs "$candidate" && { [ "$1" = any ] || makes_environments "$candidate"; }; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

# What the environment depends on; a second call with the same sum has nothing to do.
fingerprint() { cat setup.cfg pyproject.toml tools/setup.sh | sha256sum; }

install() {
    first_python any >/dev/null || die "no Python 3.11, 3.12 or 3.13 runs here; install python3"
    packages=$GL_PACKAGES
    first_python complete >/dev/null || packages="python3-venv $packages"
    camera_extra=
    site=
    if on_a_pi; then
        packages="$packages python3-picamera2"
        site=--system-site-packages
    fi
    # Whoever cannot install them goes on: the demo says itself which pictures it leaves out.
    need $packages || true
    if on_a_pi && [ -z "$(missing_packages python3-picamera2)" ]; then camera_extra=,pi; fi
    wanted="$(fingerprint) $camera_extra"
    if [ "$(cat "$STAMP" 2>/dev/null)" = "$wanted" ] && .venv/bin/python -c '' 2>/dev/null; then
        return 0
    fi
    python=$(first_python complete) || die "no .venv can be made without python3-venv"
    say "making .venv with $("$python" --version) ($python); the first time takes a minute"
    # An environment that was moved, or whose Python is gone, is beyond mending.
    grep -qs "$PWD/.venv" .venv/bin/activate && .venv/bin/python -c '' 2>/dev/null || rm -rf .venv
    "$python" -m venv $site .venv
    # Wheels only: a fresh machine has no compiler, and half a build is worse than a clear no.
    .venv/bin/python -m pip install -q --disable-pip-version-check --only-binary :all: \
        --editable ".[rig,dev,postgres$camera_extra]" </dev/null
    echo "$wanted" >"$STAMP"
}

case "${1-}" in
install) install ;;
ci-deps)
    command -v npm >/dev/null || CI_PACKAGES="$CI_PACKAGES npm" # some Node.js bring their own
    need $CI_PACKAGES
    ;;
*)
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
