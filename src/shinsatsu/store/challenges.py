"""`login_challenges`, what logins still have to answer, and `login_attempts`, what was answered wrong."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from shinsatsu.domain.accounts import Attempts, Challenge, Purpose
from shinsatsu.domain.roles import UserKey, UserType
from shinsatsu.domain.timestamps import from_text, to_text
from shinsatsu.store import rows
from shinsatsu.store.account_tables import login_attempts, login_challenges
from shinsatsu.store.statements import Statements

CHALLENGES = login_challenges
INSERT = insert(CHALLENGES)
ONE = CHALLENGES.c.id == bindparam("key")
GET = select(CHALLENGES).where(ONE).with_for_update()
CHANGE, SPEND = update(CHALLENGES).where(ONE), delete(CHALLENGES).where(ONE)
THE_LOGINS = (CHALLENGES.c.login_id == bindparam("login_key"), CHALLENGES.c.purpose == bindparam("purpose_key"))
OF_LOGIN, REPLACE = select(CHALLENGES).where(*THE_LOGINS).with_for_update(), delete(CHALLENGES).where(*THE_LOGINS)
FORGET_OF = delete(CHALLENGES).where(
    CHALLENGES.c.user_type == bindparam("type_key"), CHALLENGES.c.user_id == bindparam("id_key")
)
FORGET_OVER = delete(CHALLENGES).where(CHALLENGES.c.expires_at <= bindparam("now"))
FORGET_FAILED = delete(login_attempts).where(
    or_(login_attempts.c.failed_at.is_(None), login_attempts.c.failed_at < bindparam("before"))
)
UNDER = select(login_attempts).where(login_attempts.c.name_hash == bindparam("key")).with_for_update()
UNDER_MANY = select(login_attempts).where(login_attempts.c.name_hash.in_(bindparam("keys", expanding=True)))
PUT = update(login_attempts).where(login_attempts.c.name_hash == bindparam("key"))
BEGIN = {
    name: dialect.insert(login_attempts).on_conflict_do_nothing(index_elements=["name_hash"])
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}


class SqlChallenges:
    """Implements `ChallengeRepository`."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    async def add(self, challenge: Challenge) -> None:
        if challenge.login_id is not None:
            its = {"login_key": challenge.login_id, "purpose_key": challenge.purpose}
            await self._connection.execute(REPLACE, its)
        values = {
            "id": challenge.id,
            "user_type": challenge.key[0],
            "user_id": challenge.key[1],
            "purpose": challenge.purpose,
            "secret_hash": challenge.secret_hash,
            "login_id": challenge.login_id,
            "created_at": to_text(challenge.created_at),
            "expires_at": to_text(challenge.expires_at),
            **_changeable(challenge),
        }
        await self._connection.execute(INSERT, values)

    async def get(self, challenge_id: str) -> Challenge | None:
        return _first(await self._connection.execute(GET, {"key": challenge_id}))

    async def of_login(self, login_id: str, purpose: Purpose) -> Challenge | None:
        return _first(await self._connection.execute(OF_LOGIN, {"login_key": login_id, "purpose_key": purpose}))

    async def save(self, challenge: Challenge) -> None:
        await self._connection.execute(CHANGE, {"key": challenge.id, **_changeable(challenge)})

    async def spend(self, challenge_id: str) -> bool:
        return (await self._connection.execute(SPEND, {"key": challenge_id})).rowcount == 1

    async def forget_of(self, key: UserKey) -> None:
        await self._connection.execute(FORGET_OF, {"type_key": key[0], "id_key": key[1]})

    async def attempts(self, name_hash: str) -> Attempts:
        # The row is made first, so that two at once meet at its lock and neither counts for nothing.
        begin = BEGIN[self._connection.dialect_name]
        await self._connection.execute(begin, {"name_hash": name_hash, "failures": 0})
        return _attempts_of((await self._connection.execute(UNDER, {"key": name_hash})).first())

    async def attempts_under(self, name_hashes: Collection[str]) -> dict[str, Attempts]:
        found = await self._connection.execute_once(UNDER_MANY, {"keys": list(name_hashes)})
        return {row.name_hash: _attempts_of(row) for row in found}

    async def put_attempts(self, name_hash: str, attempts: Attempts) -> None:
        values = {
            "key": name_hash,
            "failures": attempts.failures,
            "failed_at": rows.moment_text(attempts.failed_at),
            "locked_until": rows.moment_text(attempts.locked_until),
        }
        await self._connection.execute(PUT, values)

    async def tidy(self, now: datetime, failed_before: datetime) -> None:
        await self._connection.execute(FORGET_OVER, {"now": to_text(now)})
        await self._connection.execute(FORGET_FAILED, {"before": to_text(failed_before)})


def _changeable(challenge: Challenge) -> dict[str, Any]:
    return {
        "tries": challenge.tries,
        "passkey_challenge": challenge.passkey_challenge,
        "totp_sealed": challenge.totp_sealed,
    }


def _first(found: Any) -> Challenge | None:
    row = found.first()
    if row is None:
        return None
    return Challenge(
        id=row.id,
        key=(UserType(row.user_type), row.user_id),
        purpose=Purpose(row.purpose),
        created_at=from_text(row.created_at),
        expires_at=from_text(row.expires_at),
        secret_hash=row.secret_hash,
        login_id=row.login_id,
        passkey_challenge=row.passkey_challenge,
        totp_sealed=row.totp_sealed,
        tries=row.tries,
    )


def _attempts_of(row: Any) -> Attempts:
    return Attempts(row.failures, rows.moment(row.failed_at), rows.moment(row.locked_until))
