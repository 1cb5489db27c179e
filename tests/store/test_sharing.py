"""A person's command and the running service share files: neither tears or undoes the other's."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cart.contract.fleet import ReportedConfig
from cart.files import replace_file
from store.authority import Authority
from store.configs import Configs
from store.keys import signer_of
from store.provisioning import Provisioning

TIMES = 60


def at_once(*works: Callable[[], None]) -> None:
    """Do these in threads of their own; raises what the first of them raised."""
    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(work) for work in works]:
            done.result(timeout=30)


def test_a_file_written_by_two_is_one_s_or_the_other_s(tmp_path: Path) -> None:
    """Nobody ever reads a mixture, no writer fails, and nothing else is left in the folder."""
    path = tmp_path / "shared.json"
    texts = (b"a" * 10, b"b" * 200_000)
    replace_file(path, texts[0])

    def write(text: bytes) -> None:
        for _ in range(TIMES):
            replace_file(path, text)
            assert path.read_bytes() in texts

    at_once(*(lambda text=text: write(text) for text in texts))
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_cut_has_left_is_taken_over(tmp_path: Path) -> None:
    """A half-written file of a process that died is overwritten whole, and stays nobody else's."""
    (tmp_path / "kept.json.new").write_bytes(b"half of something long")
    replace_file(tmp_path / "kept.json", b"{}")
    (left,) = tmp_path.iterdir()
    assert left.read_bytes() == b"{}"


def test_settings_are_counted_while_the_cart_reports(tmp_path: Path) -> None:
    """Each change a person makes is a version of its own, whatever the service hears meanwhile."""
    signer = signer_of(tmp_path)
    person, service = Configs(tmp_path, signer), Configs(tmp_path, signer)
    person.want("cart-1", {"thanks_s": 20})

    def change() -> None:
        for seconds in range(TIMES):
            person.want("cart-1", {"thanks_s": 20 + seconds % 10})

    def report() -> None:
        for seconds in range(1, TIMES):
            service.heard("cart-1", ReportedConfig(1, {"thanks_s": seconds}, {}))

    at_once(change, report)
    known = person.of("cart-1")
    assert known is not None
    assert known.reported is not None
    assert (known.desired.version, known.reported.settings) == (TIMES + 1, {"thanks_s": TIMES - 1})


def test_two_who_revoke_at_once_both_do(tmp_path: Path) -> None:
    """Nobody stays in because somebody else was put out at the same moment."""
    folder = tmp_path / "authority"
    names = [[f"cart-{side}{number}" for number in range(8)] for side in "ab"]
    authority = Authority(folder)
    for name in (*names[0], *names[1]):
        authority.equip(name, tmp_path / "papers")

    def revoke(some: list[str]) -> None:
        mine = Provisioning(Authority(folder), lambda: 0)
        for name in some:
            mine.take_back(name)

    at_once(*(lambda some=some: revoke(some) for some in names))
    assert [name for name in (*names[0], *names[1]) if not authority.is_revoked(name)] == []


def test_a_store_begun_twice_at_once_has_one_authority_and_key(tmp_path: Path) -> None:
    """Two commands that come first together sign with the same keys."""
    made: list[tuple[bytes, bytes]] = []
    at_once(
        *[lambda: made.append((Authority(tmp_path / "a").pem, signer_of(tmp_path).public_pem))] * 4
    )
    assert len(set(made)) == 1
