"""What a provider says, judged without one: ID tokens, its description of itself, its answers, claims of workers."""

from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import OctKey

from shinsatsu.domain.access_errors import OidcClaimsRefused, OidcFailure, OidcRefused, OidcUnavailable
from shinsatsu.domain.roles import WorkerRole
from shinsatsu.domain.staff_claims import StaffClaims
from shinsatsu.identity.fetching import LONGEST_ANSWER
from shinsatsu.service.identity_ports import Attempt
from tests.house import START
from tests.oidc.fake import GOOD, OTHER, FakeProvider, id_token

ATTEMPT = Attempt("state", "nonce", "v" * 43)
STAFF = StaffClaims("staff", "name", "realm_access.roles", {"clinician": WorkerRole.DOCTOR, "it": WorkerRole.ADMIN})


@pytest.fixture
def fake() -> FakeProvider:
    return FakeProvider()


async def test_a_good_answer(fake: FakeProvider) -> None:
    fake.token = id_token("nonce")
    claims = await fake.party().claims(ATTEMPT, "code", None, START)
    assert STAFF.person(claims).role is WorkerRole.DOCTOR


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"aud": ["us", "another"]},
        {"aud": ["us", "another"], "azp": "another"},
        {"azp": "another"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": int(START.timestamp()) - 60},
        {"exp": "soon"},
        {"exp": None},
        {"iat": None},
        {"iat": int(START.timestamp()) + 61},
        {"nbf": int(START.timestamp()) + 61},
        {"sub": None},
        {"sub": 7},
        {"at_hash": "AAAA"},
        {"key": OTHER},
        {"key": OTHER, "header": {"kid": "k2"}},
        {"key": OctKey.import_key(b"s" * 32), "header": {"alg": "HS256"}},
        {"header": {"alg": "PS256"}},
        {"header": {"kid": "unknown"}},
    ],
)
async def test_an_id_token_that_does_not_hold(fake: FakeProvider, wrong: dict[str, Any]) -> None:
    fake.token = id_token(**{"nonce": "nonce", **wrong})
    with pytest.raises(OidcRefused):
        await fake.party().claims(ATTEMPT, "code", None, START)


async def test_alg_none_and_rubbish(fake: FakeProvider) -> None:
    good = id_token("nonce")
    unsigned = f"eyJhbGciOiJub25lIn0.{good.split('.')[1]}."
    for token in (None, 7, "", "a.b.c", unsigned, good[:-4], good + "x", "[" * 30_000, good * 60, "é.é.é"):
        fake.token = token
        with pytest.raises(OidcRefused):
            await fake.party().claims(ATTEMPT, "code", None, START)


async def test_the_answer_names_who_it_is_from(fake: FakeProvider) -> None:
    fake.token = id_token("nonce")
    with pytest.raises(OidcRefused):
        await fake.party().claims(ATTEMPT, "code", "https://evil.example", START)


async def test_the_provider_may_change_its_keys(fake: FakeProvider) -> None:
    party = fake.party()
    fake.token = id_token("nonce")
    await party.claims(ATTEMPT, "code", None, START)
    fake.keys = [OTHER.as_dict(private=False)]
    fake.token = id_token("nonce", key=OTHER, header={"kid": "k2"})
    with pytest.raises(OidcRefused):
        await party.claims(ATTEMPT, "code", None, START + timedelta(seconds=59))
    await party.claims(ATTEMPT, "code", None, START + timedelta(seconds=60))
    fake.token = id_token("nonce", header={"kid": "made up"})
    for _ in range(5):
        with pytest.raises(OidcRefused):
            await party.claims(ATTEMPT, "code", None, START + timedelta(seconds=61))
    assert fake.asked.count("keys") == 2


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://login.example/token"},
        {"token_endpoint": "https://"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https://[bad"},
    ],
    ids=str,
)
async def test_a_description_that_is_not_the_providers(fake: FakeProvider, change: dict[str, Any]) -> None:
    fake.metadata.update(change)
    with pytest.raises(OidcUnavailable):
        await fake.party().address(ATTEMPT)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        *((500, b"{}"), (404, b"{}"), (403, b"no"), (200, b"<html>"), (200, b"[]"), (302, b"{}")),
        *((200, b"[" * 90_000), (200, b'{"a":"' + b"a" * LONGEST_ANSWER + b'"}')),
    ],
    ids=lambda one: str(one)[:12],
)
async def test_a_provider_that_is_none(fake: FakeProvider, status: int, body: bytes) -> None:
    fake.status, fake.body = status, body
    with pytest.raises(OidcUnavailable):
        await fake.party().address(ATTEMPT)


@pytest.mark.parametrize(("status", "code"), [(503, "oidc_unavailable"), (400, "oidc_refused"), (401, "oidc_refused")])
async def test_a_provider_that_goes_away_or_says_no(fake: FakeProvider, status: int, code: str) -> None:
    party = fake.party()
    await party.address(ATTEMPT)
    fake.status = status
    with pytest.raises(OidcFailure) as raised:
        await party.claims(ATTEMPT, "code", None, START)
    assert raised.value.code == code


async def test_userinfo_is_about_the_same_person(fake: FakeProvider) -> None:
    party = fake.party(userinfo=True)
    fake.token = id_token("nonce", name=None, staff=None, realm_access=None)
    fake.userinfo = {"sub": "s7", **GOOD}
    assert STAFF.person(await party.claims(ATTEMPT, "code", None, START)).user_id == 7
    fake.userinfo = {"sub": "s8", **GOOD}
    with pytest.raises(OidcRefused):
        await party.claims(ATTEMPT, "code", None, START)


ROLES: list[Any] = [
    *(None, "clinician", {}, {"roles": []}, {"roles": ["Clinician"]}, {"roles": ["clinician", "it"]}),
    *({"roles": [["clinician"]]}, {"roles": {"clinician": True}}),
]
WRONG = {
    "id": [{"staff": one} for one in (None, 0, -1, True, 1.5, "", "7a", "٧", " 7", "1" * 11, 2**31, [7], {"a": 7})],
    "role": [{"realm_access": one} for one in ROLES],
    "name": [{"name": one} for one in (None, "", "  ", 7, "a\nb", "x" * 101)],
}


@pytest.mark.parametrize(("field", "change"), [(name, one) for name, many in WRONG.items() for one in many], ids=str)
def test_claims_that_are_not_plain(field: str, change: dict[str, Any]) -> None:
    with pytest.raises(OidcClaimsRefused) as raised:
        STAFF.person({**GOOD, **change})
    assert raised.value.field == field


def test_claims_with_dots_in_their_names() -> None:
    claims = StaffClaims("https://x.example/staff", "name", "role", {"d": WorkerRole.DOCTOR})
    assert claims.person({"https://x.example/staff": "12", "name": " A B ", "role": "d"}).key[1] == 12
