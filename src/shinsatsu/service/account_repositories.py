"""What the use cases need to keep of local accounts; see `repositories`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shinsatsu.domain.accounts import Account, Attempts, Challenge, Passkey, Purpose
from shinsatsu.domain.roles import Person, UserKey


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A worker, with how they log in, where they can."""

    person: Person
    account: Account | None
    passkeys: int
    last_login_at: datetime | None


class AccountRepository(Protocol):
    """`accounts` and the workers they belong to."""

    async def get(self, key: UserKey, *, for_update: bool = False) -> Account | None:
        """The worker's account; `for_update` holds its row to the end of the transaction."""

    async def of_name(self, name_key: str) -> Account | None:
        """The account of that login name in its comparable form."""

    async def of_setup(self, setup_hash: str) -> Account | None:
        """The account that a setup link is for."""

    async def add(self, account: Account, name_key: str, now: datetime) -> None:
        """Inserts one."""

    async def rename(self, key: UserKey, login_name: str, name_key: str) -> None:
        """Gives it another login name."""

    async def set_password(self, key: UserKey, password_hash: str) -> None:
        """Replaces the hash; an open setup link ends with it."""

    async def reset(self, key: UserKey, setup_hash: str, expires_at: datetime) -> None:
        """Drops password and second factors; what is left is a setup link."""

    async def drop_setup(self, key: UserKey) -> None:
        """Ends an open setup link."""

    async def staff(self) -> list[StaffMember]:
        """Every worker, by name."""

    async def highest_worker_id(self) -> int:
        """0 when there is none."""

    async def blocked_since(self, moment: datetime) -> list[UserKey]:
        """Whose account was blocked after then."""

    async def blocked_stays(self) -> list[tuple[str, UserKey]]:
        """Session and user of every stay that goes on although its account is blocked."""


class FactorRepository(Protocol):
    """Second factors: TOTP in `accounts`, `passkeys`, `recovery_codes`."""

    async def set_totp(self, key: UserKey, sealed: str | None, step: int) -> None:
        """Replaces or takes away the secret; `step` is the last one used."""

    async def use_totp_step(self, key: UserKey, sealed: str, step: int) -> bool:
        """Notes a step as used, and the secret sealed anew; False when it, or a later one, was used before."""

    async def passkeys(self, key: UserKey) -> list[Passkey]:
        """One's passkeys, the oldest first."""

    async def add_passkey(self, passkey: Passkey) -> None:
        """Inserts one."""

    async def use_passkey(self, passkey_id: str, sign_count: int, now: datetime) -> bool:
        """Moves the counter on; False when it would not grow, unless the passkey does not count at all."""

    async def remove_passkey(self, key: UserKey, passkey_id: str) -> bool:
        """Takes one away; False when it is not theirs."""

    async def put_recovery_codes(self, key: UserKey, hashes: Sequence[str], now: datetime) -> None:
        """Replaces all of them."""

    async def use_recovery_code(self, key: UserKey, code_hash: str, now: datetime) -> bool:
        """Uses one up; False when it is not theirs or was used."""

    async def recovery_codes_left(self, key: UserKey) -> int:
        """How many were not used."""


class ChallengeRepository(Protocol):
    """`login_challenges` and `login_attempts`."""

    async def add(self, challenge: Challenge) -> None:
        """Inserts one; a login has one for each purpose, the newest."""

    async def get(self, challenge_id: str) -> Challenge | None:
        """The challenge as it stands, held to the end of the transaction."""

    async def of_login(self, login_id: str, purpose: Purpose) -> Challenge | None:
        """What a login has under way, held to the end of the transaction."""

    async def save(self, challenge: Challenge) -> None:
        """Writes tries and what is to be answered."""

    async def spend(self, challenge_id: str) -> bool:
        """Uses it up; False when somebody else did."""

    async def forget_of(self, key: UserKey) -> None:
        """Ends everything that somebody has under way."""

    async def attempts(self, name_hash: str) -> Attempts:
        """Wrong answers under a name, held to the end of the transaction."""

    async def attempts_under(self, name_hashes: Collection[str]) -> dict[str, Attempts]:
        """Those that there are."""

    async def put_attempts(self, name_hash: str, attempts: Attempts) -> None:
        """Writes them."""

    async def tidy(self, now: datetime, failed_before: datetime) -> None:
        """Forgets challenges that are over, and attempts that failed before then."""
