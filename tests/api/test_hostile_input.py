"""What attackers send: guessed credentials, planted ones, other sites' forms, line breaks where headers and logs are.

Tokens of each kind have tests of their own: links (tests/service/test_links.py, test_access.py), host applications'
JWTs (tests/identity), the provider's (tests/oidc), passwords, codes and passkeys (tests/service/test_guessing.py,
test_passkey_login.py), webhooks' endpoints (tests/webhooks/test_sender.py).
"""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from shinsatsu.domain.errors import Unauthenticated
from shinsatsu.domain.scopes import KeyScope
from shinsatsu.store.engine import make_engine
from tests.api.clinic import PROOF, Clinic, booking, running_clinic, settings
from tests.api.staff_browser import PASSWORD, set_up
from tests.api.test_bad_input import assert_problem
from tests.api.test_console import token_for
from tests.house import House

GUESSES = 10_000
PLANTED = "planted" * 6
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain")
BREAK = "\r\nSet-Cookie: stolen=1\r\n\x1b[2J\u2028{}"


@pytest.fixture
async def clinic(tmp_path: Path) -> AsyncIterator[Clinic]:
    async with running_clinic(settings(tmp_path, None, console_links=True, failure_rate="1000000/minute")) as running:
        yield running


async def test_ten_thousand_guessed_credentials_open_nothing(sqlite_path: Path) -> None:
    engine = make_engine(f"sqlite:///{sqlite_path}")
    house = House(engine)
    real = await house.keys.make(None, "portal", [KeyScope.LINKS])
    near = [real.secret[:-1], real.secret + "A", real.secret.upper(), real.secret[:-1] + "é", "sk_", ""]
    guesses = [*near, *(f"sk_{secrets.token_urlsafe(32)}" for _ in range(GUESSES // 2))]
    for guess in guesses:
        with pytest.raises(Unauthenticated):
            await house.keys.user_of(guess)
    for _ in range(GUESSES // 2):
        with pytest.raises(Unauthenticated):
            await house.access.grant(secrets.token_urlsafe(32))
    house.units_of_work.close()
    await engine.dispose()


async def test_a_guess_is_refused_as_what_is_over_is(clinic: Clinic) -> None:
    over = await clinic.server.keys.make(None, "portal", [KeyScope.LINKS])
    await clinic.server.keys.revoke(None, over.key.id)
    told = set()
    for bearer in ("sk_" + PLANTED, over.secret):
        answer = await clinic.http.get("/api/video-sessions", headers={"Authorization": f"Bearer {bearer}"})
        assert_problem(answer, 401, "unauthenticated")
        told.add(answer.json()["detail"])
    assert len(told) == 1
    assert await denied(clinic) == ["unauthenticated"] * 2


async def test_a_planted_cookie_becomes_nobodys_login(clinic: Clinic) -> None:
    headers = {"Cookie": f"shinsatsu_login_planted={PLANTED}", "Shinsatsu-Login": "planted"}
    body = {"token": await token_for(clinic, 5), "proof": PROOF}
    answer = await clinic.http.post("/api/console/exchange", json=body, headers=headers)
    login = answer.json()["loginId"]
    assert login != "planted"
    assert answer.cookies[f"shinsatsu_login_{login}"] != PLANTED
    clinic.http.cookies.clear()
    assert_problem(await clinic.http.get("/api/account", headers=headers), 401, "unauthenticated")


async def test_a_planted_challenge_is_not_taken_on(clinic: Clinic) -> None:
    """An attacker's first step, planted in somebody's browser, leads that browser nowhere without its own cookie."""
    await set_up(clinic)
    begun = await clinic.http.post("/api/login/password", json={"loginName": "yamada", "password": PASSWORD})
    planted = begun.json()["challengeId"]
    clinic.http.cookies.clear()
    headers = {"Cookie": f"shinsatsu_challenge_{planted}={PLANTED}"}
    body = {"challengeId": planted, "totp": "000000"}
    answer = await clinic.http.post("/api/login/second-factor", json=body, headers=headers)
    assert_problem(answer, 410, "challenge_expired")
    assert "set-cookie" not in answer.headers or PLANTED not in answer.headers["set-cookie"]


@pytest.mark.parametrize("path", ["/api/login/password", "/api/links/exchange", "/api/console/exchange"])
async def test_no_other_sites_page_logs_its_visitor_in(clinic: Clinic, path: str) -> None:
    for media_type in FORMS:
        answer = await clinic.http.post(path, content=b"a=b", headers={"Content-Type": media_type})
        assert_problem(answer, 415, "unsupported_media_type")
    for elsewhere in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = await clinic.http.post(path, json={}, headers=elsewhere)
        assert_problem(answer, 403, "cross_site")
    assert await denied(clinic) == ["cross_site"] * 2
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = await clinic.http.options(path, headers=asked)
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "path",
    [
        "/consultation/{}?token={}",
        "/i/{}",
        "/console/{}",
        "/api/video-sessions/{}",
        "/api/login/oidc/start?return={}",
        "/api/login/oidc/callback?state={}&error={}",
        "/assets/{}",
        "/{}",
    ],
)
async def test_a_line_break_in_an_address_begins_no_header(clinic: Clinic, path: str) -> None:
    answer = await clinic.http.get(path.replace("{}", quote(BREAK)))
    assert answer.status_code in (200, 303, 401, 404, 422, 503)
    assert "stolen" not in str(answer.headers)


async def test_what_people_send_begins_no_line_of_the_log(clinic: Clinic, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = {"User-Agent": "x\x1b[2J", "X-Forwarded-For": BREAK.encode(), "X-Request-Id": "a\x1b[2Jb"}
    body = {"loginName": BREAK, "password": BREAK}
    answer = await clinic.http.post("/api/login/password", json=body, headers=hostile)  # type: ignore[arg-type]
    assert_problem(answer, 401, "login_refused")
    answer = await clinic.booking_system.send("PUT", "/api/appointments/a-1", booking(status=BREAK))
    assert_problem(answer, 422, "invalid_request", "status")
    assert "\x1b" not in answer.headers["x-request-id"]
    told = "".join(capsys.readouterr())
    assert "stolen" not in told
    assert "\x1b[2J" not in told


@pytest.mark.parametrize(
    "name",
    [
        "Zoë Müller-Østergård",
        "𠮷野 家",
        "עדי כהן",
        "نیما‌نژاد",
        "👩‍⚕️ 山田",
        "e\u0301" * 40,
        "<script>alert(1)</script>",
        "'; DROP TABLE",
    ],
)
async def test_names_of_all_scripts_come_back_as_they_are(clinic: Clinic, name: str) -> None:
    session = await clinic.book(patient={"userId": 1, "displayName": name})
    assert session["appointment"]["patient"]["displayName"] == name


async def denied(clinic: Clinic) -> list[str]:
    """The codes of the refusals on record."""
    await clinic.server.app.state.context.denials.flush()
    answer = await clinic.booking_system.get("/api/audit/security-events")
    events = answer.json()["events"]
    return [one["metadata"]["code"] for one in events if one["type"] == "denied"]
