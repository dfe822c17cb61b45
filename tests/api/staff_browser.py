"""Staff at a browser: steps of a login over HTTP, as the pages take them."""

from typing import Any

import httpx
import pyotp

from tests.api.clinic import Clinic, Json
from tests.api.test_console import Console, console

ADMIN, PASSWORD = 5, "a long walk by the river"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0"


async def post(clinic: Clinic, path: str, **body: Any) -> httpx.Response:
    return await clinic.http.post(f"/api/login/{path}", json=body, headers={"User-Agent": FIREFOX})


async def an_admin(clinic: Clinic) -> Console:
    """An administrator at a browser of their own: this one keeps its cookies."""
    held = list(clinic.http.cookies.jar)
    admin = await console(clinic, ADMIN)
    for cookie in held:
        clinic.http.cookies.jar.set_cookie(cookie)
    return admin


async def hire(clinic: Clinic, name: str = "yamada", **more: Any) -> Json:
    """A worker whom an admin adds; the answer."""
    admin = await an_admin(clinic)
    body = {"displayName": f"Dr {name}", "role": "doctor", "loginName": name, **more}
    answer = await admin.send("POST", "/api/users", body)
    assert answer.status_code == 201, answer.text
    added: Json = answer.json()
    return added


async def set_up(clinic: Clinic, name: str = "yamada") -> tuple[Json, str]:
    """Somebody who set a password and an app; the answer to the last step, and the app's secret."""
    added = await hire(clinic, name)
    token = added["setupUrl"].partition("/console/setup#token=")[2]
    step = (await post(clinic, "setup", token=token, password=PASSWORD)).json()
    offer = (await post(clinic, "enroll/totp", challengeId=step["challengeId"])).json()
    code = pyotp.TOTP(offer["secret"]).now()
    done = await post(clinic, "enroll/totp/confirm", challengeId=step["challengeId"], code=code)
    assert done.status_code == 200, done.text
    return done.json(), offer["secret"]


def browser(clinic: Clinic, done: Json) -> Console:
    """The page that holds a login."""
    login = done["login"]
    return Console(clinic.http, login, clinic.http.cookies[f"shinsatsu_login_{login['loginId']}"])
