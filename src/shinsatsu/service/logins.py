"""How workers get to the console: a one-time link becomes a login. Only a demo gives such links out."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import timedelta

from shinsatsu.domain.credentials import LOGIN_LIFETIME, SAME_ANSWER_FOR, Grant, Login, LoginOpening
from shinsatsu.domain.errors import InvalidRequest, LinkInvalid, LinkUsed, NotFound, Unauthenticated
from shinsatsu.domain.roles import Action, AuthUser, UserKey, UserType
from shinsatsu.service.access import PROOF_LENGTH, Access
from shinsatsu.service.commands import Commands
from shinsatsu.service.guard import authorize
from shinsatsu.service.repositories import UnitOfWork


class Logins:
    """Use cases of a worker's login; `secret` derives the logins' secrets, so that no copy of them needs keeping."""

    def __init__(self, commands: Commands, access: Access, secret: bytes) -> None:
        self._commands = commands
        self._access = access
        self._secret = secret

    async def mint_link(self, key: UserKey, lifetime: timedelta) -> str:
        """The token of a one-time link to the console for a known worker; NotFound for anybody else."""
        token = secrets.token_urlsafe(32)

        async def transaction(unit: UnitOfWork) -> str:
            person = (await unit.appointments.people([key])).get(key)
            if person is None or person.user_type is not UserType.WORKER:
                raise NotFound("There is no such worker.")
            user = AuthUser(person.user_type, person.user_id, person.role, person.display_name)
            now, login_id = self._commands.clock.now(), self._commands.ids.new_id()
            await unit.logins.add(Login(login_id, user, now, now + lifetime), _hash(token))
            return login_id

        return f"{await self._commands.transact(transaction)}.{token}"

    async def open(self, token: str, proof: str) -> tuple[Login, str]:
        """Turns a console link into a login and its secret; the same token and proof get the same answer for 60 s.

        Raises InvalidRequest (`proof`), LinkInvalid, LinkUsed.
        """
        if len(proof) not in PROOF_LENGTH:
            raise InvalidRequest("proof: 16 to 128 characters that nobody can guess.", field="proof")
        login_id, _, rest = token.partition(".")
        secret = hmac.digest(self._secret, f"login\n{login_id}\n{proof}".encode(), "sha256").hex()
        now = self._commands.clock.now()
        opening = LoginOpening(_hash(proof), _hash(secret), now, now + LOGIN_LIFETIME)

        async def transaction(unit: UnitOfWork) -> Login:
            if not await unit.logins.open(login_id, _hash(rest), opening):
                known = await unit.logins.of_token(login_id, _hash(rest))
                if known is None:
                    raise LinkInvalid("This link is not ours, or its time is over.")
                same = hmac.compare_digest(known.proof_hash, opening.proof_hash)
                if not same or now - known.used_at > SAME_ANSWER_FOR:
                    raise LinkUsed("This link was used already.")
            login = await unit.logins.of_secret(opening.secret_hash)
            if login is None or not login.live(now):
                raise LinkInvalid("This link is for nobody any more.")
            return login

        return await self._commands.transact(transaction), secret

    async def login(self, secret: str, login_id: str) -> Login:
        """The live login of that secret and id; raises Unauthenticated."""
        async with self._commands.units_of_work.read() as unit:
            login = await unit.logins.of_secret(_hash(secret))
        if login is None or login.id != login_id or not login.live(self._commands.clock.now()):
            raise Unauthenticated("This login is not valid.")
        return login

    async def held(self, secrets_by_id: Mapping[str, str]) -> list[Login]:
        """Of the logins a browser holds (id → secret), the live ones."""
        found = []
        for login_id, secret in secrets_by_id.items():
            try:
                found.append(await self.login(secret, login_id))
            except Unauthenticated:
                continue
        return found

    async def end(self, login: Login) -> None:
        """Ends one's own login."""

        async def transaction(unit: UnitOfWork) -> None:
            await unit.logins.revoke(login.id, self._commands.clock.now())

        await self._commands.transact(transaction)

    async def grant(self, login: Login, session_id: str) -> tuple[Grant, str]:
        """A grant for oneself in that session's appointment, to enter the call with; raises what viewing it raises."""
        authorize(login.user, Action.VIEW, await self._commands.look(session_id))
        return await self._access.grant_to(login.user, session_id)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
