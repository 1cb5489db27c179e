"""Every sub-command of cart, store and rig, given nonsense: one clear line, status 1 or 2.

A row is a command line with what its error must name. `{nowhere}` is not there, `{junk}` a file of
random bytes, `{fake}` a folder whose database and keys are none, `{folder}` an empty one.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from cart.__main__ import COMMANDS as OF_CART
from cart.__main__ import main as cart_main
from rig.__main__ import COMMANDS as OF_RIG
from rig.__main__ import main as rig_main
from store.__main__ import main as store_main

MAINS: dict[str, Callable[[list[str]], int]] = {
    "cart": cart_main, "rig": rig_main, "store": store_main,
}  # fmt: skip
RUN = "run --data {folder} --tenant a --store b --broker 127.0.0.1:1"
BROKER = "broker --data {folder} --tenant a --store b --host h --out {folder}/b"
CHECK = "contract check --tenant a --store b --broker mqtt://127.0.0.1:1"
NOBODY = "postgresql+psycopg://nobody@127.0.0.1:1/x"
NONSENSE: dict[str, tuple[tuple[str, str], ...]] = {
    "cart": (
        ("run --config {nowhere}", "nowhere"),
        ("run --config {junk}", "junk"),
        ("enrol --config {nowhere} --claim {nowhere}", "nowhere"),
        ("enrol --config {junk} --claim {junk}", "junk"),
        ("trusted --config {junk} models/x {junk}", "junk"),
        ("fetch --config {nowhere}", "nowhere"),
        ("journal {nowhere}", "nowhere"),
        ("journal {junk}", "junk"),
        ("mind --catalog {junk}", "junk"),
        ("mind --catalog {nowhere}", "nowhere"),
        ("code", "TEXT"),
        ("code 123 --market nowhere", "nowhere"),
        ("code 123 --today tomorrow", "tomorrow"),
        ("code 123 --catalog {junk}", "junk"),
        ("price", "--catalog"),
        ("price --catalog {junk}", "junk"),
        ("contract --docs {junk}", "junk"),
        (CHECK + " --key {nowhere}", "nowhere"),
        (CHECK + " --tenant a/+", "a/+"),
        (CHECK + " --broker mqtt://x:y", "mqtt://x:y"),
    ),
    "store": (
        (RUN + " --broker nowhere", "nowhere"),
        (RUN + " --key {junk}", "junk"),
        (RUN + " --data {fake}", "fake"),
        (RUN + " --data {junk}/x", "junk"),
        (RUN + " --after-days soon", "soon"),
        (RUN + " --database sqlite:///x", "postgresql"),
        (RUN + f" --database {NOBODY.replace(':1/', ':x/')}", "postgresql"),
        (RUN + f" --database {NOBODY}", "server"),
        (RUN + " --tls-ca {junk} --tls-certificate {junk} --tls-key {junk}", "certificate"),
        (BROKER + " --port nine", "nine"),
        (BROKER + " --address not.an.address", "not.an.address"),
        (BROKER + " --host a/b,c", "a/b,c"),
        (BROKER + " --out {junk}", "junk"),
        (BROKER + " --data {junk}/x", "junk"),
        ("claim --data {folder} broker --out {folder}/c", "broker"),
        ("claim --data {folder} .. --out {folder}/c", ".."),
        ("claim --data {folder} cart-1 --out {nowhere}/c", "nowhere"),
        ("app --data {folder} ann --request {junk} --out {folder}/c", "no authority"),
        ("app --data {folder} a/b --request {junk} --out {folder}/c", "a/b"),
        ("revoke --data {folder} cart-1", "no authority"),
        ("revoke --data {folder} a*", "a*"),
        ("order --data {nowhere} cart-1 lock", "no store here"),
        ("order --data {folder} cart-1 explode", "unlock"),
        ("orders --data {nowhere} --json", "no store here"),
        ("config --data {folder} cart-1 --set volume=3", "thanks_s"),
        ("config --data {nowhere} cart-1", "no store here"),
        ("sign --data {folder} ../x {junk}", "../x"),
        ("sign --data {folder} models/x {nowhere}", "nowhere"),
        ("rotate --data {folder} root", "root.json"),
        ("rotate --data {folder} boss", "boss"),
        ("certificates --data {folder}", "no authority"),
        ("certificates --data {nowhere} --renew", "no authority"),
        ("withdraw --data {nowhere} catalog", "no store here"),
        ("withdraw --data {folder} prices", "prices"),
        ("denials {nowhere} --tenant a --store b --json", "nowhere"),
        ("clips --data {folder} --listen x --tls-certificate {junk} --tls-key {junk}", "'x'"),
        ("clips --data {folder} --listen 127.0.0.1:1 --tls-certificate {junk} --tls-key {junk}",
         "authority"),
        ("clip --data {nowhere} cart-1 x --reason loss --url https://h:1", "no store here"),
        ("clip --data {folder} cart-1 x --reason loss --url https://h:99999", "https://"),
        ("import --data {folder} {nowhere} --json", "nowhere"),
        ("import --data {folder} {junk} --json", "JSON"),
        ("import --data {folder} {junk} --table products --currency DOLLAR", "DOLLAR"),
        ("import --data {folder} {junk} --at soon", "soon"),
        ("price --data {folder} x one", "one"),
        ("price --data {junk} x 1.49", "junk"),
        ("publish --data {folder} recall {nowhere} --json", "nowhere"),
        ("publish --data {folder} recall", "--end"),
        ("member --data {folder} a/b", "a/b"),
        ("archive --data {nowhere}", "no store here"),
        ("archive --data {folder} --after-days -1", "-1"),
        ("receipt --data {fake} t1 --json", "fake"),
        ("receipt --data {nowhere} t1", "no store here"),
        ("credit --data {nowhere} t1 L1", "no store here"),
        ("credit --data {folder} t1 L1 --quantity 0", "'0'"),
        ("move --data {nowhere} a b", "no store here"),
        ("move --data {folder} a b/c", "b/c"),
        ("carts --data {nowhere} --json", "no store here"),
        ("trips --data {fake} --json", "fake"),
        ("disputes --data {junk}", "no store here"),
    ),
    "rig": (
        ("demo --broker x", "'x'"),
        ("demo --auto --scenario {junk}", "junk"),
        ("demo --auto --out {junk}", "junk"),
        ("world --config {junk}", "junk"),
        ("world --config {nowhere}", "nowhere"),
        ("chip --link {junk}", "no symbolic link"),
        ("chip --link {nowhere}/x", "nowhere"),
        ("place --bench {junk} --port {folder}/x", "junk"),
        ("place --bench {nowhere} --port {junk}", "no symbolic link"),
        ("enrol --out {nowhere}/x.npz", "nowhere"),
        ("certificates --out {junk}", "junk"),
        ("certificates --out {folder}/c broker", "broker"),
        ("certificates --out {folder}/c a/b", "a/b"),
        ("certificates --out {folder}/c --port x", "'x'"),
        ("hostile --out {junk} --json", "junk"),
        ("replay {junk}", "junk"),
        ("replay {nowhere}", "nowhere"),
        ("hil --bench {junk} --json", "junk"),
        ("hil --bench {nowhere}", "nowhere"),
        ("sequences --movements 0", "'0'"),
        ("sequences --idle-s nan", "nan"),
        ("faults --out {junk} --json", "junk"),
        ("faults --only nothing", "nothing"),
        ("faults --peers --broker iotcore", "mosquitto"),
        ("audit {nowhere} --json", "nowhere"),
        ("audit {junk}", "junk"),
        ("bench --goods 0", "'0'"),
        ("bench --draw {nowhere}/x.png", "nowhere"),
    ),
}  # fmt: skip
ROWS = [(program, *row) for program, rows in NONSENSE.items() for row in rows]


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """Commands that serve take signals in hand; afterwards they are as they were."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)
    # Programs that are started later would inherit it.
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What stands in the rows."""
    root = tmp_path_factory.mktemp("nonsense")
    junk = root / "junk"
    junk.write_bytes(b"\xff\xfe\x00 nothing that anybody reads {")
    fake = root / "fake"
    fake.mkdir()
    for name in ("store.sqlite", "store.key", "store.pub"):
        (fake / name).write_bytes(b"no database and no key " * 50)
    return {"junk": junk, "fake": fake, "nowhere": root / "nowhere"}


def ended(main: Callable[[list[str]], int], given: list[str]) -> int:
    """The exit status, however the command ends."""
    try:
        return main(given)
    except SystemExit as exit_:
        return int(str(exit_.code))


@pytest.mark.parametrize(("program", "line", "names"), ROWS, ids=[f"{a} {b}" for a, b, _ in ROWS])
def test_nonsense_is_refused_in_one_line(
    program: str,
    line: str,
    names: str,
    places: dict[str, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No traceback, nothing written where there was nothing, and as JSON where JSON was asked."""
    given = line.format(folder=tmp_path, **places).split()
    status = ended(MAINS[program], given)
    said = capsys.readouterr()
    shown = ("usage:", " ", "INFO ")
    lines = [each for each in said.err.splitlines() if each and not each.startswith(shown)]
    assert status in (1, 2)
    assert len(lines) == 1, said.err
    assert names in lines[0]
    assert places["junk"].is_file()
    assert not places["nowhere"].exists()
    if "--json" in given:
        error = json.loads(said.out)
        assert list(error) == ["error"]
        assert names in error["error"]


@pytest.mark.parametrize("program", MAINS)
def test_every_sub_command_is_tried_and_has_help(
    program: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A new sub-command without a row fails here; each says what it is for."""
    tried = {line.split()[0] for line, _ in NONSENSE[program]}
    known = {"cart": set(OF_CART), "rig": set(OF_RIG)}.get(program) or of_store(capsys)
    assert known == tried
    for name in sorted(known - {"bench"}):
        assert ended(MAINS[program], [name, "--help"]) == 0
        assert f"python -m {program} {name}" in capsys.readouterr().out


def of_store(capsys: pytest.CaptureFixture[str]) -> set[str]:
    """The store's sub-commands, from what a wrong one is answered."""
    with suppress(SystemExit):
        store_main(["no-such-command"])
    words = capsys.readouterr().err.partition("choose from")[2]
    return {word.strip(" '\")\n") for word in words.split(",")}
