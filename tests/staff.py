"""A clinic whose staff log in by name: the house, and steps that somebody at a browser takes."""

from dataclasses import dataclass, field

import pyotp
from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.domain.accounts import Factor, LoginRules
from shinsatsu.domain.roles import UserKey, WorkerRole
from shinsatsu.service.login_attempts import LoginAttempts
from shinsatsu.service.login_steps import Status, Step
from shinsatsu.service.people import COMMAND_LINE, WorkerDetails
from shinsatsu.service.second_factor import Answer, Held
from tests.authenticator import Authenticator
from tests.house import KEYS, ORIGIN, House

NAME, PASSWORD = "yamada", "a long walk by the river"
BROWSER = "Firefox · Linux"


@dataclass
class Worker:
    """Somebody with an account, and what they hold."""

    key: UserKey
    name: str
    password: str
    totp: str = ""
    codes: tuple[str, ...] = ()
    passkey: Authenticator = field(default_factory=lambda: Authenticator(ORIGIN))


class Staff(House):
    """The house with people who log in."""

    def __init__(self, engine: AsyncEngine, rules: LoginRules | None = None) -> None:
        super().__init__(engine, login_rules=rules)
        access = self.staff_access
        self.people, self.own, self.enrollment = access.people, access.own_account, access.enrollment
        self.passwords, self.second = access.password_login, access.second_factor

    async def hire(self, name: str = NAME, role: WorkerRole = WorkerRole.DOCTOR) -> tuple[UserKey, str]:
        """A worker with a setup link; their key and its token."""
        details = WorkerDetails(f"Dr {name}", role, name)
        key, setup = await self.people.add(COMMAND_LINE, details, None)
        assert setup is not None
        return key, setup.token

    async def enrolled(self, name: str = NAME, role: WorkerRole = WorkerRole.DOCTOR) -> Worker:
        """Somebody who set a password and an authenticator app."""
        key, token = await self.hire(name, role)
        step = await self.passwords.set_up(token, PASSWORD, BROWSER)
        offer = await self.enrollment.offer_totp(held(step))
        done = await self.enrollment.take_totp(held(step), self.code(offer.secret), BROWSER)
        assert done.status is Status.DONE
        self.clock.pass_time(seconds=30)  # so that the next code is another
        return Worker(key, name, PASSWORD, offer.secret, done.recovery_codes)

    async def with_passkey(self, name: str = NAME) -> Worker:
        """Somebody who set a password and a passkey."""
        key, token = await self.hire(name)
        step = await self.passwords.set_up(token, PASSWORD, BROWSER)
        worker = Worker(key, name, PASSWORD)
        credential = worker.passkey.make(await self.enrollment.offer_passkey(held(step)))
        done = await self.enrollment.take_passkey(held(step), "my phone", credential, BROWSER)
        worker.codes = done.recovery_codes
        return worker

    def code(self, secret: str, steps: int = 0) -> str:
        """What the app shows, some steps from now."""
        return pyotp.TOTP(secret).at(self.clock.now(), counter_offset=steps)

    def attempt_key(self, name: str) -> str:
        """Under what wrong answers are counted."""
        return LoginAttempts(KEYS).hash_of(name)

    async def begin(self, worker: Worker) -> Step:
        """The first step of a login."""
        return await self.passwords.begin(worker.name, worker.password, BROWSER)

    async def log_in(self, worker: Worker) -> Step:
        """A whole login with the app; time passes, so that the next code is another."""
        step = await self.begin(worker)
        done = await self.second.answer(held(step), Answer(Factor.TOTP, self.code(worker.totp)), BROWSER)
        self.clock.pass_time(seconds=30)
        return done

    async def noted(self, *but: str) -> list[str]:
        """The types of the security events, in order, with their reasons; without those."""
        async with self.units_of_work.read() as unit:
            stored = await unit.security.after(0, 1000)
        return [
            " ".join(filter(None, (one.event.event_type.value, one.event.metadata.get("reason"))))
            for one in stored
            if one.event.event_type.value not in but
        ]


def held(step: Step) -> Held:
    """The challenge as the browser that got it holds it."""
    assert step.challenge is not None
    return Held(step.challenge.id, step.challenge_secret)
