"""Logging in at a real provider: who gets in as whom, who does not, and how the answer could be abused."""

from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest

from shinsatsu.domain.roles import Person, UserType, WorkerRole
from tests.api.clinic import BASE_URL, Clinic
from tests.oidc.provider import log_in

START = "/api/login/oidc/start"
CALLBACK = "/api/login/oidc/callback"


class Browser:
    """A browser at the clinic; the one at the provider is `log_in`'s."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        self.http = httpx.AsyncClient(transport=clinic.http._transport, base_url=BASE_URL)

    async def start(self, return_to: str | None = None) -> str:
        answer = await self.http.get(START, params={"return": return_to} if return_to else {})
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    async def come_back(self, address: str) -> httpx.Response:
        answer = await self.http.get(address.removeprefix(BASE_URL))
        assert answer.status_code == 303, answer.text
        return answer

    async def go(self, account: str, return_to: str | None = None) -> httpx.Response:
        address = await log_in(await self.start(return_to), account, BASE_URL)
        return await self.come_back(address)

    @property
    def login_ids(self) -> list[str]:
        prefix = "shinsatsu_login_"
        return [one.removeprefix(prefix) for one in self.http.cookies if one.startswith(prefix)]


@pytest.fixture
def browser(clinic: Clinic) -> Browser:
    return Browser(clinic)


async def events(clinic: Clinic) -> list[tuple[str, Any, dict[str, Any]]]:
    answer = await clinic.booking_system.get("/api/audit/security-events?limit=500")
    return [(one["type"], one["userId"], one["metadata"]) for one in answer.json()["events"]]


def error_of(answer: httpx.Response) -> str:
    place, _, query = answer.headers["location"].partition("?")
    assert place == "/console"
    (code,) = parse_qs(query)["loginError"]
    return code


def changed(address: str, **parameters: str) -> str:
    parts = urlsplit(address)
    query = {**dict(parse_qsl(parts.query)), **parameters}
    return parts._replace(query=urlencode({name: value for name, value in query.items() if value})).geturl()


@pytest.mark.parametrize(
    ("account", "user_id", "role"), [("doctor", 1, "doctor"), ("operator", 44, "operator"), ("admin", 55, "admin")]
)
async def test_staff_get_in_as_who_the_provider_says(
    browser: Browser, clinic: Clinic, account: str, user_id: int, role: str
) -> None:
    answer = await browser.go(account)
    assert answer.headers["location"] == "/console"
    (login_id,) = browser.login_ids
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("shinsatsu_login_"))
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    (login,) = (await browser.http.get("/api/console/logins")).json()["logins"]
    assert (login["loginId"], login["userId"], login["role"], login["method"]) == (login_id, user_id, role, "oidc")
    me = await browser.http.get("/api/account", headers={"Shinsatsu-Login": login_id})
    assert me.status_code == 200
    told = await events(clinic)
    _, who, said = next(one for one in told if one[0] == "login_succeeded")
    assert (who, said["method"]) == (user_id, "oidc")
    assert any(kind == "user_added" for kind, *_ in told)


@pytest.mark.parametrize(
    ("account", "about"), [("cleaner", "role"), ("both", "role"), ("nobody", "id"), ("nameless", "name")]
)
async def test_who_means_nothing_here_is_refused(browser: Browser, clinic: Clinic, account: str, about: str) -> None:
    assert error_of(await browser.go(account)) == "oidc_claims"
    assert browser.login_ids == []
    refused = [said for kind, _, said in await events(clinic) if kind == "login_refused"]
    assert refused == [{"method": "oidc", "reason": "oidc_claims", "about": about}]


async def test_whoever_is_blocked_here_stays_out(browser: Browser, clinic: Clinic) -> None:
    await browser.go("doctor")
    admin = Browser(clinic)
    await admin.go("admin")
    blocked = await admin.http.post(
        "/api/users/worker/1/block", json={"blocked": True}, headers={"Shinsatsu-Login": admin.login_ids[0]}
    )
    assert blocked.status_code == 204
    again = Browser(clinic)
    assert error_of(await again.go("doctor")) == "account_blocked"
    assert again.login_ids == []


async def test_name_and_role_follow_the_provider_and_nothing_else_is_lost(browser: Browser, clinic: Clinic) -> None:
    key = (UserType.WORKER, 1)
    before = Person(*key, WorkerRole.OPERATOR, "Old Name", licence_year=2008, specialty="内科")
    await clinic.server.appointments.put_people([before])
    await browser.go("doctor")
    (login,) = (await browser.http.get("/api/console/logins")).json()["logins"]
    assert (login["role"], login["displayName"]) == ("doctor", "見本 太郎")
    async with clinic.server.access._commands.units_of_work.read() as unit:
        person = (await unit.appointments.people([key]))[key]
    assert (person.licence_year, person.specialty) == (2008, "内科")
    assert any(kind == "user_changed" for kind, *_ in await events(clinic))


async def test_the_request_is_bound_to_this_browser_and_this_login(browser: Browser) -> None:
    first, second = await browser.start(), await browser.start()
    asked = [dict(parse_qsl(urlsplit(one).query)) for one in (first, second)]
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[0][name]) >= 43
        assert asked[0][name] != asked[1][name]
    assert (asked[0]["code_challenge_method"], asked[0]["response_type"]) == ("S256", "code")
    assert asked[0]["redirect_uri"] == BASE_URL + CALLBACK
    notes = [one for one in browser.http.cookies if one.startswith("shinsatsu_oidc_")]
    assert len(notes) == 2
    assert not any(value in str(browser.http.cookies) for value in asked[0].values() if len(value) > 40)


async def test_login_csrf_another_browsers_answer_logs_nobody_in(browser: Browser, clinic: Clinic) -> None:
    attacker = Browser(clinic)
    answer = await log_in(await attacker.start(), "doctor", BASE_URL)
    await browser.start()
    assert error_of(await browser.come_back(answer)) == "oidc_state"
    assert browser.login_ids == []
    await clinic.server.app.state.context.denials.flush()
    assert ("denied", "oidc_state") in [(kind, said.get("code")) for kind, _, said in await events(clinic)]


async def test_an_answer_is_good_once(browser: Browser) -> None:
    address = await log_in(await browser.start(), "doctor", BASE_URL)
    notes = dict(browser.http.cookies)
    assert (await browser.come_back(address)).headers["location"] == "/console"
    assert not any(one.startswith("shinsatsu_oidc_") for one in browser.http.cookies)
    browser.http.cookies.update(notes)
    assert error_of(await browser.come_back(address)) == "oidc_state"
    assert len(browser.login_ids) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"state": "x"}, "oidc_state"),
        ({"state": ""}, "oidc_state"),
        ({"code": "x"}, "oidc_refused"),
        ({"code": ""}, "oidc_refused"),
        ({"iss": "https://elsewhere.example"}, "oidc_refused"),
        ({"error": "access_denied"}, "oidc_refused"),
    ],
)
async def test_a_changed_answer_is_refused(browser: Browser, change: dict[str, str], code: str) -> None:
    address = await log_in(await browser.start(), "doctor", BASE_URL)
    assert error_of(await browser.come_back(changed(address, **change))) == code
    assert browser.login_ids == []


async def test_a_code_of_another_login_is_refused(browser: Browser, clinic: Clinic) -> None:
    """Injected into the victim's own login: PKCE holds the code to the attempt that asked for it."""
    other = Browser(clinic)
    stolen = parse_qs(urlsplit(await log_in(await other.start(), "admin", BASE_URL)).query)["code"][0]
    address = await log_in(await browser.start(), "doctor", BASE_URL)
    assert error_of(await browser.come_back(changed(address, code=stolen))) == "oidc_refused"


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("/console/sessions?day=2026-11-23#s-1", "/console/sessions?day=2026-11-23#s-1"),
        ("/console", "/console"),
        *(
            (bad, "/console")
            for bad in (
                "https://evil.example/console",
                "//evil.example/console",
                "/consolevil",
                "/console/../evil",
                "/console/%2E%2e/evil",
                "/console\\..\\evil",
                "/console/\r\nSet-Cookie: a=b",
                "/console/ x",
                "javascript:alert(1)",
                "/console/" + "a" * 600,
            )
        ),
    ],
)
async def test_nobody_is_sent_elsewhere(browser: Browser, wanted: str, given: str) -> None:
    assert (await browser.go("doctor", wanted)).headers["location"] == given
