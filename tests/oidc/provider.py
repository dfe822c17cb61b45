"""A real OpenID Connect provider (npm `oidc-provider`, certified) beside the tests, and people who log in there."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
from pydantic import SecretStr

SCRIPT = Path(__file__).with_name("provider.mjs")
VENV = Path(__file__).parents[2] / ".venv" / "bin"
CLIENT_ID = "shinsatsu"
CLIENT_SECRET = "a+secret/with %signs:that:need=escaping"
ROLES = {"clinician": "doctor", "desk": "operator", "it": "admin"}
USERS: Mapping[str, Mapping[str, Any]] = {
    "doctor": {"name": "見本 太郎", "staffNumber": 1, "roles": ["clinician"]},
    "operator": {"name": "受付 一子", "staffNumber": "44", "roles": ["desk", "parking"]},
    "admin": {"name": "管理 二郎", "staffNumber": 55, "roles": "it"},
    "cleaner": {"name": "Cleaner", "staffNumber": 66, "roles": ["cleaning"]},
    "both": {"name": "Two Hats", "staffNumber": 67, "roles": ["clinician", "it"]},
    "nobody": {"name": "No Number", "roles": ["clinician"]},
    "nameless": {"staffNumber": 68, "roles": ["clinician"]},
}
"""Account at the provider → claims. The last four are known there and mean nothing here."""


@dataclass(frozen=True)
class RunningProvider:
    """A provider that listens, and what a server is told of it."""

    issuer: str

    @property
    def settings(self) -> dict[str, Any]:
        """For `Settings`."""
        return {
            "oidc_issuer": self.issuer,
            "oidc_name": "Clinic directory",
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": SecretStr(CLIENT_SECRET),
            "oidc_id_claim": "staffNumber",
            "oidc_roles": ROLES,
        }


@contextmanager
def provider(
    redirect_uris: Sequence[str], users: Mapping[str, Mapping[str, Any]] = USERS, **options: str
) -> Iterator[RunningProvider]:
    """Runs a provider that sends browsers back to one of the addresses; it needs no network but loopback."""
    told = {
        "clientId": CLIENT_ID,
        "clientSecret": CLIENT_SECRET,
        "redirectUris": list(redirect_uris),
        "users": users,
        **options,
    }
    path = os.pathsep.join([os.environ.get("PATH", ""), str(VENV)])
    node = shutil.which("node", path=path)
    assert node is not None, "node is missing: tools/setup.sh node"
    with subprocess.Popen(
        [node, str(SCRIPT), json.dumps(told)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # it warns that its pages are for development
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield RunningProvider(json.loads(process.stdout.readline())["issuer"])
        finally:
            process.kill()


async def log_in(address: str, account: str, back_to: str) -> str:
    """Somebody who logs in and agrees, beginning at the provider's `address`; the address they are sent back to."""
    async with httpx.AsyncClient(trust_env=False) as browser:
        answer = await browser.get(address)
        for _ in range(12):
            if answer.is_redirect:
                target = urljoin(str(answer.url), answer.headers["location"])
                if target.startswith(back_to):
                    return target
                answer = await browser.get(target)
                continue
            assert answer.status_code == 200, answer.text
            action = re.search(r'action="([^"]+)"', answer.text)
            assert action is not None, answer.text
            form = {"prompt": "consent"} if 'value="consent"' in answer.text else _login_form(account)
            answer = await browser.post(urljoin(str(answer.url), action[1]), data=form)
        raise AssertionError("the provider does not come to an end")


def _login_form(account: str) -> dict[str, str]:
    return {"prompt": "login", "login": account, "password": "any"}
