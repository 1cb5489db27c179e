"""The store's authority: one name a certificate, one request a claim, and what is taken back."""

from __future__ import annotations

import base64
import getpass
import stat
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from cart.contract.fleet import CertificateRequest
from store.__main__ import main as store_main
from store.authority import Authority, AuthorityError, now_utc
from store.provisioning import CLAIM_VALID, Provisioning

HOUR_MS = 3_600_000


class Door:
    """An authority with its claims, and a wall clock to turn."""

    def __init__(self, folder: Path) -> None:
        self.utc_ms = 1_000
        self.authority = Authority(folder)
        self.provisioning = Provisioning(self.authority, lambda: self.utc_ms)

    def claim(self, cart: str = "cart-7", *, broker_restarted: bool = False) -> str:
        """Make a claim and give back its name."""
        made = self.provisioning.new_claim(cart, broker_restarted=broker_restarted)
        certificate = x509.load_pem_x509_certificate(made)
        return common_name(certificate)


@pytest.fixture
def door(tmp_path: Path) -> Door:
    """A fresh authority."""
    return Door(tmp_path / "authority")


def common_name(certificate: x509.Certificate) -> str:
    """The one name of a certificate."""
    (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(name.value)


def request(name: str = "cart-7") -> CertificateRequest:
    """A signing request of a key made now."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return CertificateRequest(made.public_bytes(Encoding.PEM).decode())


def test_a_claim_gives_one_certificate(door: Door) -> None:
    """The same request again gets the same certificate; another one gets a reason."""
    claim, asked = door.claim(), request()
    first = door.provisioning.answer(claim, asked)
    certificate = x509.load_pem_x509_certificate(first.certificate.encode())
    assert common_name(certificate) == "cart-7"
    certificate.verify_directly_issued_by(door.authority.certificate)
    assert door.provisioning.answer(claim, asked) == first
    assert "was used" in door.provisioning.answer(claim, request()).reason


def test_an_old_a_foreign_and_an_invented_claim_give_nothing(door: Door) -> None:
    """Too late, for another cart's name, or never made: no certificate, and a reason."""
    claim = door.claim()
    assert "another name" in door.provisioning.answer(claim, request("cart-8")).reason
    assert "no such claim" in door.provisioning.answer("claim-0", request()).reason
    door.utc_ms += CLAIM_VALID // timedelta(milliseconds=1) + 1
    assert "too old" in door.provisioning.answer(claim, request()).reason


def test_a_cart_renews_under_its_own_name_only(door: Door) -> None:
    """Whoever has a certificate gets another for the same name; whoever has none, does not."""
    door.provisioning.answer(door.claim(), request())
    renewed = door.provisioning.answer("cart-7", request())
    assert common_name(x509.load_pem_x509_certificate(renewed.certificate.encode())) == "cart-7"
    assert len(door.authority.issued("cart-7")) == 2
    assert "another name" in door.provisioning.answer("cart-7", request("cart-8")).reason
    assert "use a claim" in door.provisioning.answer("cart-9", request("cart-9")).reason


def test_bad_requests_get_a_reason(door: Door) -> None:
    """Junk and a key of a kind that is not ours get no certificate."""
    other = ed25519.Ed25519PrivateKey.generate()
    made = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(
        other, None
    )  # fmt: skip
    for asked, reason in (
        (CertificateRequest("junk"), "no signing request"),
        (CertificateRequest(made.public_bytes(Encoding.PEM).decode()), "the key is none of"),
    ):
        assert reason in door.provisioning.answer(door.claim(), asked).reason


def sealed(information: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    """A signing request (PEM) that says this, whatever it is, signed by the key."""
    signature = key.sign(information, ec.ECDSA(hashes.SHA256()))
    der = information + bytes.fromhex("300a06082a8648ce3d040302")
    der += bytes([3, len(signature) + 1, 0]) + signature
    coded = base64.encodebytes(b"\x30\x82" + len(der).to_bytes(2) + der).decode()
    ends = [f"-----{end} CERTIFICATE REQUEST-----\n" for end in ("BEGIN", "END")]
    return coded.join(ends).encode()


@pytest.mark.filterwarnings("ignore:::cryptography")
def test_requests_of_anything_are_refused_or_signed(door: Door) -> None:
    """Damaged, and then truly signed: of an unknown curve or kind of key, another version, a name
    that is none. Nothing is raised but the one refusal."""
    key, random = ec.generate_private_key(ec.SECP256R1()), Random(5)
    made = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([
        x509.NameAttribute(NameOID.COMMON_NAME, "cart-7"),
        x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "x" * 60),
    ]))  # fmt: skip
    good = made.sign(key, hashes.SHA256()).tbs_certrequest_bytes
    curve, kind = bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d0201")
    asked = [good.replace(curve, curve[:-1] + b"\x63"), good.replace(kind, kind[:-1] + b"\x63")]
    asked += [good[:place] + bytes([random.randrange(256)]) + good[place + 1 :]
              for place in range(len(good))]  # fmt: skip
    said = []
    for information in asked:
        try:
            door.authority.sign_request("cart-7", sealed(information, key))
            said.append("signed")
        except AuthorityError as error:
            said.append(str(error))
    assert all("can be read" in each for each in said[:2])
    assert 0 < said.count("signed") < len(said) // 2


def test_what_is_taken_back_stays_so(door: Door, tmp_path: Path) -> None:
    """Revoking names every certificate of a cart, once, and survives a restart."""
    door.provisioning.answer(door.claim(), request())
    door.provisioning.answer("cart-7", request())
    assert door.authority.revoke("cart-7") == 2
    assert door.authority.revoke("cart-7") == 0
    again = Authority(tmp_path / "authority")
    assert again.is_revoked("cart-7")
    assert not again.is_revoked("cart-8")
    with pytest.raises(AuthorityError, match="no certificate"):
        again.revoke("cart-8")


def test_nobody_renews_what_was_taken_back(door: Door) -> None:
    """A stolen cart that is still connected gets no fresh certificate, nor does a revoked claim; a
    new claim brings the cart back."""
    door.provisioning.answer(door.claim(), request())
    open_claim = door.claim()
    for name in ("cart-7", open_claim):
        door.authority.revoke(name)
        refused = door.provisioning.answer(name, request())
        assert (refused.certificate, "taken back" in refused.reason) == ("", True)
    claim = door.claim(broker_restarted=True)
    assert door.provisioning.answer(claim, request()).certificate
    assert door.provisioning.answer("cart-7", request()).certificate


def test_a_claim_made_before_a_revoke_ends_with_it(door: Door) -> None:
    """Neither an open claim nor a used one brings back a cart, and the broker will know it too."""
    asked = request()
    used, unused, other = door.claim(), door.claim(), door.claim("cart-8")
    given = door.provisioning.answer(used, asked)
    assert door.provisioning.take_back("cart-7") == 3
    for name in (used, unused):
        for again in (asked, request()):
            assert "taken back" in door.provisioning.answer(name, again).reason
        assert door.authority.is_revoked(name)
    assert given.certificate
    assert not door.provisioning.is_cart("cart-7")
    assert door.provisioning.answer(other, request("cart-8")).certificate
    # One that was never used ends as well.
    lost = door.claim("cart-9")
    assert door.provisioning.take_back("cart-9") == 1
    assert "taken back" in door.provisioning.answer(lost, request("cart-9")).reason


def test_a_name_is_given_again_only_after_the_broker_s_restart(door: Door) -> None:
    """The store knows a connection by its name alone: until somebody says that the old one has
    ended, no claim is made for it, and the name is heard by nobody until the new one is used."""
    door.provisioning.answer(door.claim(), request())
    door.provisioning.take_back("cart-7")
    with pytest.raises(AuthorityError, match="restart the broker"):
        door.claim()
    claim = door.claim(broker_restarted=True)
    assert not door.provisioning.is_cart("cart-7")
    assert door.provisioning.answer(claim, request()).certificate
    assert door.provisioning.is_cart("cart-7")


def test_secrets_are_their_owner_s(door: Door, tmp_path: Path) -> None:
    """No private key can be read by others, and no claim."""
    door.claim()
    door.authority.equip("broker", tmp_path / "broker", "server", ["127.0.0.1", "broker.example"])
    secret = [*tmp_path.rglob("*.key"), *tmp_path.rglob("claims/*.json")]
    assert len(secret) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}


def test_a_certificate_ends(tmp_path: Path) -> None:
    """A cart's certificate holds for ninety days from the clock that is given."""
    authority = Authority(tmp_path, lambda: now_utc() - timedelta(days=200))
    key = ec.generate_private_key(ec.SECP256R1())
    made = x509.load_pem_x509_certificate(authority.sign("cart-7", key.public_key()))
    assert made.not_valid_after_utc < now_utc() - timedelta(days=100)


def test_the_access_list_follows_who_is_taken_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A cart and its claims are denied everything from the revoke on, the cart until it is claimed
    again; an authority whose broker got no list yet says what to do without."""
    data, out = tmp_path / "data", tmp_path / "broker"
    door = Door(data / "authority")
    door.authority.equip("cart-7", tmp_path)
    claim = door.claim()
    revoke = ["revoke", "cart-7", "--data", str(data)]
    assert store_main(revoke) == 0
    assert "restart it" in capsys.readouterr().out
    broker = ["broker", "--tenant", "t", "--store", "s", "--host", "h", "--out", str(out)]
    assert store_main([*broker, "--data", str(data), "--user", getpass.getuser()]) == 0
    kept = data / "authority" / "dashcart.acl"
    rights = kept.read_text()
    assert (out / "dashcart.acl").read_text() == rights
    for name in ("cart-7", claim):
        assert f"\nuser {name}\ntopic deny #\n" in rights
    assert store_main(revoke) == 0
    assert "SIGHUP" in capsys.readouterr().out
    assert kept.read_text() == rights
    again = ["claim", "cart-7", "--broker-restarted", "--out", str(tmp_path / "claim")]
    assert store_main([*again, "--data", str(data)]) == 0
    assert "may come again" in capsys.readouterr().out
    assert kept.read_text() == rights.replace("user cart-7\ntopic deny #\n", "")
    assert store_main(revoke) == 0
    assert "user cart-7\n" in kept.read_text()


def test_an_app_gets_a_certificate_for_its_own_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`store app` signs what the app has made, under app- and the pseudonym; not another name, no
    junk, and what was taken back only when the broker has restarted. The app renews it itself."""
    door = Door(tmp_path / "authority")
    asked, out = tmp_path / "app.csr", tmp_path / "app.pem"
    app = ["app", "ann", "--data", str(tmp_path), "--request", str(asked), "--out", str(out)]
    for wrong, why in (
        (request("ann").request, "for another name"),
        ("x", "no signing"),
    ):
        asked.write_text(wrong)
        assert store_main(app) == 1
        assert why in capsys.readouterr().err
    assert not out.exists()
    asked.write_text(request("app-ann").request)
    assert store_main(app) == 0
    given, authority = x509.load_pem_x509_certificates(out.read_bytes())
    assert (common_name(given), authority) == ("app-ann", door.authority.certificate)
    given.verify_directly_issued_by(authority)
    assert given.not_valid_after_utc - now_utc() > timedelta(days=89)
    assert door.provisioning.answer("app-ann", request("app-ann")).certificate
    assert store_main(["revoke", "app-ann", "--data", str(tmp_path)]) == 0
    assert store_main(app) == 1
    assert "--broker-restarted" in capsys.readouterr().err
    assert store_main([*app, "--broker-restarted"]) == 0
    assert not door.provisioning.is_revoked("app-ann")


@pytest.mark.parametrize("odd", ["claims/*.json", "issued/claim-*.pem", "crl.pem"])
@pytest.mark.parametrize("kept", [0, 100])
def test_one_odd_file_ends_nothing(door: Door, odd: str, kept: int) -> None:
    """Empty or cut short: who asks for a certificate gets it or a reason, and whoever else is
    taken back is, unless it is the list itself, which is named."""
    door.provisioning.answer(door.claim("cart-8"), request("cart-8"))
    claim = door.claim()
    (path,) = [
        each for each in door.authority.folder.glob(odd) if odd == "crl.pem" or claim in each.name
    ]
    path.write_bytes(path.read_bytes()[:kept])
    again = Provisioning(Authority(door.authority.folder), lambda: door.utc_ms)
    answered = again.answer(claim, request())
    assert answered.certificate or answered.reason
    if odd == "crl.pem":
        with pytest.raises(AuthorityError, match="bring it back"):
            again.take_back("cart-8")
    else:
        assert again.take_back("cart-8") == 2


def test_an_odd_certificate_of_the_authority_is_named(door: Door) -> None:
    """Nothing is begun anew beside its key."""
    (door.authority.folder / "ca.pem").write_bytes(b"")
    with pytest.raises(AuthorityError, match=r"ca\.pem: .*bring it back"):
        Authority(door.authority.folder)


def test_no_reason_names_who_asked(door: Door) -> None:
    """A reason is logged, and an app's name is a shopper's."""
    for name in ("app-ann", door.claim()):
        reason = door.provisioning.answer(name, request("another")).reason
        assert reason
        assert name not in reason
