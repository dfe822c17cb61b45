"""A host application's JWTs, read: every algorithm, every claim, every forgery, and keys that change or are away."""

import json
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, RSAKey

from shinsatsu.domain.access_errors import HostTokenExpired, HostTokenInvalid
from shinsatsu.domain.roles import UserType
from shinsatsu.identity.fetching import LONGEST_ANSWER
from shinsatsu.identity.host_tokens import ALGORITHMS, HostTrust, JwtVerifier
from shinsatsu.identity.key_sets import KeySet, KeysUnavailable
from tests.house import START
from tests.identity.host import (
    AUDIENCE,
    ISSUER,
    KEYS,
    SHARED,
    STRANGER,
    KeyServer,
    claims,
    encoded,
    forged,
    public_keys,
    signed,
)

NOW = int(START.timestamp())
ADDRESS = "https://portal.example/keys"


def verifier(
    *algorithms: str, server: KeyServer | None = None, workers: bool = False, secret: bytes | None = SHARED
) -> JwtVerifier:
    trust = HostTrust(ISSUER, AUDIENCE, algorithms or ALGORITHMS, workers)
    return JwtVerifier(trust, secret, KeySet(ADDRESS, server or KeyServer()))


def each(claim: str, *values: Any) -> list[dict[str, Any]]:
    return [{claim: value} for value in values]


async def refused(token: str, by: JwtVerifier | None = None) -> None:
    with pytest.raises(HostTokenInvalid):
        await (by or verifier()).verify(token, START)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_each_algorithm_where_it_is_allowed(algorithm: str) -> None:
    token = signed(algorithm)
    said = await verifier(algorithm).verify(token, START)
    assert (said.token_id, said.key, said.appointment_id) == ("token-1", (UserType.PATIENT, 7), "a1")
    await refused(token, verifier(*(one for one in ALGORITHMS if one != algorithm)))


async def test_ed25519_by_its_new_name() -> None:
    await verifier("EdDSA").verify(signed("EdDSA", header={"alg": "Ed25519"}), START)
    await refused(signed("EdDSA", header={"alg": "Ed25519"}), verifier("RS256"))


@pytest.mark.parametrize(
    "wrong",
    [
        *each("iss", None, "", "https://evil.example", [ISSUER], 7),
        *each("aud", None, "", "https://other.example", [], [[AUDIENCE]], {AUDIENCE: 1}),
        *each("exp", None, "soon", True, NOW, NOW - 1, NOW + 301, 1e300, 10**400, []),
        *each("iat", None, "now", True, NOW + 61, NOW - 1),
        {"iat": NOW + 61, "exp": NOW + 120},
        *each("nbf", NOW + 61, "now", []),
        *each("jti", None, "", 7, "x" * 256, "a\nb"),
        *each("sub", None, "", "0", "-7", "7a", "٧", 7.5, True, 0, -7, 2**31, "9" * 11, ["7"]),
        *each("userType", None, "", "worker", "system", "Patient", ["patient"]),
        *each("appointmentId", None, "", 1, "x" * 65, "a\x00", ["a1"]),
    ],
    ids=lambda wrong: str(wrong)[:40],
)
async def test_a_claim_that_is_wrong(wrong: dict[str, Any]) -> None:
    await refused(signed(**wrong))


async def test_claims_that_are_right_in_other_ways() -> None:
    for change in ({"aud": ["x", AUDIENCE]}, {"sub": 7}, {"nbf": NOW + 60}, {"iat": NOW + 0.5}, {"more": {"a": [1]}}):
        assert (await verifier().verify(signed(**change), START)).key == (UserType.PATIENT, 7)
    staff = signed(userType="worker", sub="3")
    assert (await verifier(workers=True).verify(staff, START)).key == (UserType.WORKER, 3)
    await refused(staff)


async def test_a_minute_of_skew_and_no_more() -> None:
    token = signed()
    until = START + timedelta(minutes=6)
    assert (await verifier().verify(token, until - timedelta(milliseconds=1))).believed_until == until
    with pytest.raises(HostTokenExpired):
        await verifier().verify(token, until)
    await verifier().verify(token, START - timedelta(seconds=60))
    with pytest.raises(HostTokenInvalid):
        await verifier().verify(token, START - timedelta(seconds=61))


async def test_the_public_key_is_no_shared_secret() -> None:
    """Key confusion (RFC 8725 §2.1): what anybody can read signs nothing."""
    for name, key in KEYS.items():
        if name == "HS256":
            continue
        for kid in (key.kid, None):
            for secret in (key.as_pem(private=False), json.dumps(key.as_dict(private=False)).encode(), b""):
                header = {"alg": "HS256", **({"kid": kid} if kid else {})}
                await refused(forged(header, claims(), secret))


async def test_a_secret_in_a_key_set_verifies_nothing() -> None:
    server = KeyServer()
    leaked = OctKey.import_key(b"published by mistake, 32 bytes long", {"kid": "oct"})
    server.document["keys"].append(leaked.as_dict())
    by = verifier(server=server)
    await refused(forged({"alg": "HS256", "kid": "oct"}, claims(), b"published by mistake, 32 bytes long"), by)


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "", "HS384", "RS512", "ES256K", "dir", "RSA-OAEP"])
async def test_other_algorithms_and_none(name: str) -> None:
    for signature in (None, SHARED):
        await refused(forged({"alg": name}, claims(), signature))
    await refused(forged({"alg": [name]}, claims(), SHARED))
    await refused(forged({}, claims(), SHARED))


async def test_headers_that_ask_for_something() -> None:
    own = STRANGER.as_dict(private=False)
    for extra in ({"jwk": own}, {"jku": "https://evil.example/keys"}, {"x5u": "https://evil.example/x"}):
        await refused(signed(key=STRANGER, header=extra))
    await refused(forged({"alg": "HS256", "kid": 7}, claims(), SHARED))
    await refused(forged({"alg": "HS256", "b64": False, "crit": ["b64"]}, claims(), SHARED))
    await refused(forged({"alg": "HS256", "crit": ["unknown"], "unknown": 1}, claims(), SHARED))


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
async def test_a_key_of_the_wrong_kind() -> None:
    await refused(signed("RS256", key=STRANGER))
    await refused(signed("RS256", header={"kid": "ec"}))
    for_pss = {name: value for name, value in KEYS["PS256"].as_dict(private=True).items() if name not in ("alg", "use")}
    await refused(signed("RS256", key=RSAKey.import_key(for_pss)))
    await refused(signed("RS256", header={"kid": None}), verifier(server=_with(STRANGER)))  # two would do: which one?
    weak = RSAKey.import_key(_weak_rsa())
    await refused(signed("RS256", key=weak), verifier(server=_with(weak)))
    p384 = ECKey.generate_key("P-384", {"kid": "p384"})
    await refused(signed("ES256", header={"kid": "p384"}), verifier(server=_with(p384)))
    for change in ({"use": "enc"}, {"key_ops": ["encrypt"]}, {"alg": "RS512"}):
        server = KeyServer()
        server.document = {"keys": [{**KEYS["RS256"].as_dict(private=False), **change}]}
        await refused(signed(), verifier(server=server))


async def test_without_a_key_id_the_only_key_that_fits() -> None:
    server = KeyServer()
    server.document = {"keys": [KEYS["RS256"].as_dict(private=False), KEYS["ES256"].as_dict(private=False)]}
    await verifier(server=server).verify(signed(header={"kid": None}), START)


async def test_damaged_tokens() -> None:
    for algorithm in ALGORITHMS:
        token = signed(algorithm)
        header, payload, signature = token.split(".")
        other = signed(algorithm, sub="8").split(".")[1]
        for bad in (
            token[:-6],
            f"{header}.{payload}.",
            f"{header}.{other}.{signature}",
            f"{header}.{payload}",
            f"{token}.x",
            f".{payload}.{signature}",
            f"{header}..{signature}",
            f"{header}.{payload}.{signature}\n",
        ):
            await refused(bad)


async def test_payloads_that_are_no_claims() -> None:
    for payload in (b"", b"[]", b"7", b"null", b'"x"', b"{", b"\xff\xfe", b"[" * 5000, b'{"exp":NaN}', b"1" * 5000):
        await refused(forged({"alg": "HS256"}, payload, SHARED))
    deep = encoded(b'{"alg":"HS256","a":' + b"[" * 5000)
    await refused(f"{deep}.e30.AAAA")
    await refused(forged({"alg": "HS256"}, {**claims(), "x": "x" * 9000}, SHARED))


async def test_ten_thousand_random_ones() -> None:
    by = verifier()
    header, payload, signature = signed().split(".")
    for number in range(10_000):
        part = encoded(secrets.token_bytes(32))
        tokens = (f"{header}.{payload}.{part}", f"{header}.{part}.{signature}", f"{part}.{payload}.{part}", part)
        await refused(tokens[number % 4], by)


@given(st.text(max_size=200))
async def test_any_text(text: str) -> None:
    await refused(text)


async def test_keys_are_fetched_once_and_again_for_an_unknown_one_at_most_once_a_minute() -> None:
    server = KeyServer()
    by = verifier(server=server)
    for _ in range(3):
        await by.verify(signed(), START)
    assert server.asked == 1
    new = RSAKey.generate_key(2048, {"kid": "new"})
    token = signed(key=new)
    for _ in range(5):
        await refused(token, by)
    assert server.asked == 1
    server.document["keys"].append(new.as_dict(private=False))
    later = START + timedelta(minutes=1)
    await by.verify(token, later)
    for _ in range(5):
        with pytest.raises(HostTokenInvalid):
            await by.verify(signed(header={"kid": "made up"}), later)
    assert server.asked == 2


async def test_keys_that_were_withdrawn_are_forgotten_within_the_hour() -> None:
    server = KeyServer()
    key_set = KeySet(ADDRESS, server)
    assert await key_set.find("RS256", "rsa", START) is not None
    server.document = {"keys": []}
    assert await key_set.find("RS256", "rsa", START + timedelta(minutes=59)) is not None
    assert await key_set.find("RS256", "rsa", START + timedelta(minutes=60)) is None


@pytest.mark.parametrize(
    ("status", "document"),
    [
        *((0, {}), (500, {}), (404, {}), (302, {}), (200, b"<html>"), (200, []), (200, {}), (200, {"keys": 7})),
        *((200, b"[" * 90_000), (200, b'{"keys":[],"a":"' + b"a" * LONGEST_ANSWER + b'"}')),
    ],
    ids=lambda one: str(one)[:12],
)
async def test_keys_that_cannot_be_had(status: int, document: Any) -> None:
    server = KeyServer()
    server.status, server.document = status, document
    by = verifier(server=server)
    for _ in range(3):
        with pytest.raises(KeysUnavailable):
            await by.verify(signed(), START)
    assert server.asked == 1
    server.status, server.document = 200, public_keys()
    await by.verify(signed(now=START + timedelta(minutes=1)), START + timedelta(minutes=1))
    server.status = 0  # and away again: what is known stays in use
    await by.verify(signed(now=START + timedelta(hours=2)), START + timedelta(hours=2))


async def test_a_set_with_some_rubbish_in_it() -> None:
    server = KeyServer()
    server.document["keys"] = [
        7,
        {},
        {"kty": "RSA"},
        {"kty": "??"},
        {"kty": "EC", "crv": "P-9"},
        *public_keys()["keys"],
    ]
    await verifier(server=server).verify(signed(), START)


async def test_keys_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    key_set = KeySet(str(file))
    with pytest.raises(KeysUnavailable):
        await key_set.find("RS256", "rsa", START)
    file.write_text(json.dumps(public_keys()))
    assert await key_set.find("ES256", "ec", START + timedelta(minutes=1)) is not None


def _with(key: Any) -> KeyServer:
    server = KeyServer()
    server.document["keys"].append(key.as_dict(private=False))
    return server


def _weak_rsa() -> dict[str, Any]:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    private = rsa.generate_private_key(65537, 1024)  # noqa: S505 - to be refused
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {**RSAKey.import_key(pem).as_dict(private=True), "kid": "weak"}
