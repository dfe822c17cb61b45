"""Second factors of an account: offered, taken in, asked for; each within the caller's transaction."""

import base64
import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shinsatsu.domain.accounts import MOST_PASSKEYS, RECOVERY_CODES, Account, Factor, Passkey
from shinsatsu.domain.errors import InvalidRequest
from shinsatsu.domain.roles import AuthUser
from shinsatsu.domain.security_events import SecurityEventType
from shinsatsu.service import totp
from shinsatsu.service.login_steps import Holder
from shinsatsu.service.passkeys import Options, PasskeyRefused, Passkeys
from shinsatsu.service.ports import IdSource
from shinsatsu.service.repositories import UnitOfWork
from shinsatsu.service.secret_hash import hash_of
from shinsatsu.service.signing_keys import SigningKeys

RECOVERY_BYTES, GROUP = 15, 6
"""120 random bits in base32, in groups of six letters."""


class Factors:
    """`keys` seals TOTP secrets; `issuer` is what authenticator apps show."""

    def __init__(self, keys: SigningKeys, passkeys: Passkeys, ids: IdSource, issuer: str) -> None:
        self._keys = keys
        self._passkeys = passkeys
        self._ids = ids
        self._issuer = issuer

    async def known(self, unit: UnitOfWork, account: Account) -> tuple[Factor, ...]:
        """What the account can be asked for; recovery codes stand in for a factor and are none by themselves."""
        factors = [Factor.TOTP] if account.totp_sealed is not None else []
        if await unit.factors.passkeys(account.key):
            factors.append(Factor.PASSKEY)
        if factors and await unit.factors.recovery_codes_left(account.key):
            factors.append(Factor.RECOVERY)
        return tuple(factors)

    def offer_totp(self, account: Account) -> tuple[totp.TotpOffer, str]:
        """A fresh secret, and the same sealed to be kept until a code of it is confirmed."""
        made = totp.offer(account.login_name, self._issuer)
        return made, self._seal(account, made.secret)

    async def take_totp(
        self, unit: UnitOfWork, account: Account, sealed: str | None, code: str, by: AuthUser, now: datetime
    ) -> bool:
        """Has the account ask for that secret's codes from now on, once one was given; False for a wrong one."""
        step = self._step(account, sealed, code, now)
        if step is None or sealed is None:
            return False
        await unit.factors.set_totp(account.key, sealed, step)
        unit.security.record(SecurityEventType.SECOND_FACTOR_ADDED, by, now, factor=Factor.TOTP.value)
        return True

    async def totp_fits(self, unit: UnitOfWork, account: Account, code: str, now: datetime) -> bool:
        """Whether it is a code of these 30 seconds, or the ones beside, newer than any that was used."""
        step = self._step(account, account.totp_sealed, code, now)
        secret = self._unseal(account, account.totp_sealed)
        if step is None or secret is None:
            return False
        # Sealed anew, so that an old secret of the server can be taken out some day.
        return await unit.factors.use_totp_step(account.key, self._seal(account, secret), step)

    def passkey_challenge(self) -> str:
        """What the browser is to sign."""
        return self._passkeys.challenge()

    async def creation_options(self, unit: UnitOfWork, holder: Holder, challenge: str) -> Options:
        """For the browser to make a passkey; raises InvalidRequest where there are too many."""
        known = await unit.factors.passkeys(holder.account.key)
        if len(known) >= MOST_PASSKEYS:
            raise InvalidRequest(f"An account has at most {MOST_PASSKEYS} passkeys: remove one first.")
        return self._passkeys.creation_options(holder.account, holder.person.display_name, known, challenge)

    async def request_options(self, unit: UnitOfWork, account: Account, challenge: str) -> Options:
        """For the browser to use one."""
        return self._passkeys.request_options(await unit.factors.passkeys(account.key), challenge)

    async def take_passkey(
        self,
        unit: UnitOfWork,
        account: Account,
        challenge: str | None,
        name: str,
        credential: Mapping[str, Any],
        by: AuthUser,
        now: datetime,
    ) -> Passkey | None:
        """Adds what the browser made; None when it proves nothing."""
        if challenge is None:
            return None
        try:
            made = self._passkeys.registered(credential, challenge)
        except PasskeyRefused:
            return None
        known = {one.credential_id for one in await unit.factors.passkeys(account.key)}
        if made.credential_id in known:
            return None
        passkey = Passkey(
            self._ids.new_id(), account.key, made.credential_id, made.public_key, made.sign_count, made.transports,
            name, now,
        )  # fmt: skip
        await unit.factors.add_passkey(passkey)
        unit.security.record(
            SecurityEventType.SECOND_FACTOR_ADDED, by, now, factor=Factor.PASSKEY.value, passkeyId=passkey.id
        )
        return passkey

    async def passkey_fits(
        self, unit: UnitOfWork, account: Account, challenge: str | None, credential: Mapping[str, Any], now: datetime
    ) -> bool:
        """Whether one of the account's passkeys signed the challenge, on our page, with its user verified."""
        known = {one.credential_id: one for one in await unit.factors.passkeys(account.key)}
        passkey = known.get(str(credential.get("id")))
        if challenge is None or passkey is None:
            return False
        try:
            sign_count = self._passkeys.sign_count_of(credential, challenge, passkey)
        except PasskeyRefused:
            return False
        return await unit.factors.use_passkey(passkey.id, sign_count, now)

    async def make_recovery_codes(
        self, unit: UnitOfWork, account: Account, by: AuthUser, now: datetime
    ) -> tuple[str, ...]:
        """Fresh ones in place of all older ones; shown this once."""
        codes = tuple(_recovery_code() for _ in range(RECOVERY_CODES))
        await unit.factors.put_recovery_codes(account.key, [_code_hash(account, code) for code in codes], now)
        unit.security.record(SecurityEventType.RECOVERY_CODES_MADE, by, now)
        return codes

    async def recovery_fits(self, unit: UnitOfWork, account: Account, code: str, by: AuthUser, now: datetime) -> bool:
        """Uses a recovery code up."""
        if not await unit.factors.use_recovery_code(account.key, _code_hash(account, code), now):
            return False
        left = await unit.factors.recovery_codes_left(account.key)
        unit.security.record(SecurityEventType.RECOVERY_CODE_USED, by, now, left=left)
        return True

    def _step(self, account: Account, sealed: str | None, code: str, now: datetime) -> int | None:
        secret = self._unseal(account, sealed)
        return None if secret is None else totp.step_of(secret, code, now)

    def _seal(self, account: Account, secret: str) -> str:
        return self._keys.seal(_use(account), secret)

    def _unseal(self, account: Account, sealed: str | None) -> str | None:
        return None if sealed is None else self._keys.unseal(_use(account), sealed)


def _use(account: Account) -> str:
    """Names the account, so that a sealed secret put into another's row opens nothing there."""
    return f"totp {account.key[0]} {account.key[1]}"


def _recovery_code() -> str:
    letters = base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower()
    return "-".join(letters[start : start + GROUP] for start in range(0, len(letters), GROUP))


def _code_hash(account: Account, code: str) -> str:
    """Of the letters alone, however they were typed."""
    letters = re.sub(r"[\s-]", "", code).lower()
    return hash_of(f"recovery\n{account.key[0]}\n{account.key[1]}\n{letters}")
