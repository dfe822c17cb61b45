"""The use case with a provider that says what a test wants: the note in the browser, what is kept, what is recorded."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.domain.access_errors import OidcFailure, OidcStateInvalid
from shinsatsu.service.logins import Logins
from shinsatsu.service.oidc_logins import Answer, OidcLogins, Started
from tests.api.clinic import running_clinic, settings
from tests.house import KEYS, SECRET, House
from tests.oidc.fake import FakeProvider, id_token
from tests.oidc.test_claims import STAFF


class Clinic(House):
    """The house with a provider; `go` is somebody's whole way there and back."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self.provider = FakeProvider()
        logins = Logins(self.commands, self.access, SECRET)
        self.oidc = OidcLogins(self.commands, logins, KEYS, self.provider.party(), STAFF)

    async def start(self) -> tuple[Started, dict[str, str]]:
        started = await self.oidc.start(None)
        return started, dict(httpx.URL(started.address).params)

    async def go(self, **claims: Any) -> str:
        started, asked = await self.start()
        self.provider.token = id_token(asked["nonce"], **claims)
        opened, _ = await self.oidc.finish(started.note, Answer(asked["state"], "code"), "")
        return f"{opened.login.user.user_id} {opened.login.user.role} {opened.login.method}"


@pytest.fixture
def clinic(engine: AsyncEngine) -> Clinic:
    return Clinic(engine)


async def test_somebody_new_is_known_from_then_on(clinic: Clinic) -> None:
    assert await clinic.go() == "7 doctor oidc"
    assert await clinic.go(realm_access={"roles": ["it"]}) == "7 admin oidc"
    async with clinic.units_of_work.read() as unit:
        told = [one.event.event_type.value for one in await unit.security.after(0, 10)]
    assert told == ["user_added", "login_succeeded", "user_changed", "login_succeeded"]


async def test_a_note_lasts_ten_minutes(clinic: Clinic) -> None:
    started, asked = await clinic.start()
    clinic.clock.pass_time(minutes=10)
    with pytest.raises(OidcStateInvalid):
        await clinic.oidc.finish(started.note, Answer(asked["state"], "code"), "")


async def test_a_note_that_is_not_ours(clinic: Clinic) -> None:
    for note in (None, "", "rubbish", "é", KEYS.seal("another use", json.dumps({"state": "x"}))):
        for state in ("x", "", "é"):
            with pytest.raises(OidcStateInvalid):
                await clinic.oidc.finish(note, Answer(state, "code"), "")


async def test_the_record_says_why(clinic: Clinic) -> None:
    for wrong in ({"exp": 1}, {"staff": "?"}):
        with pytest.raises(OidcFailure):
            await clinic.go(**wrong)
    async with clinic.units_of_work.read() as unit:
        told = [one.event.metadata for one in await unit.security.after(0, 10)]
    assert told == [
        {"method": "oidc", "reason": "oidc_refused"},
        {"method": "oidc", "reason": "oidc_claims", "about": "id"},
    ]


async def test_without_its_provider_the_page_says_so(tmp_path: Path) -> None:
    issuer = {"oidc_issuer": "http://127.0.0.1:9", "oidc_client_id": "x", "oidc_roles": {"a": "admin"}}
    async with running_clinic(settings(tmp_path, None, **issuer)) as clinic:
        answer = await clinic.http.get("/api/login/oidc/start")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console?loginError=oidc_unavailable")


async def test_where_there_is_no_provider_there_is_no_such_way(tmp_path: Path) -> None:
    async with running_clinic(settings(tmp_path, None)) as clinic:
        for path in ("start", "callback"):
            assert (await clinic.http.get(f"/api/login/oidc/{path}")).status_code == 404
        assert (await clinic.http.get("/api/login/methods")).json()["oidc"] is None
