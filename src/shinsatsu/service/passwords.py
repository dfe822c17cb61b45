"""Passwords hashed and checked with argon2id, in threads, a few at a time, so that the event loop never waits."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shinsatsu.domain.login_errors import TooBusy

TIME_COST, MEMORY_KIB, PARALLELISM = 2, 19456, 1
"""The OWASP Password Storage Cheat Sheet's parameters for argon2id."""
NOBODYS_HASH = "$argon2id$v=19$m=19456,t=2,p=1$Ndx47Jw1gKcG3WwtO0g6SA$uSzSqQnMwfQA2GMNL68qn1+QtuOAk+qEWlcE75+57og"
"""Of a random password that was thrown away: what is compared for a name that nobody has takes as long as any."""
AT_ONCE = 2
MOST_WAITING = 64


class Passwords:
    """The hasher; at most `AT_ONCE` hashes are computed at a time, and beyond `MOST_WAITING` nobody waits in line."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=PARALLELISM)
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """The hash to keep; raises TooBusy."""
        async with _Turn(self):
            return await asyncio.to_thread(self._hasher.hash, password)

    async def fits(self, password: str, password_hash: str | None) -> bool:
        """Whether the hash is that of this password; without one it takes as long and is never. Raises TooBusy."""
        async with _Turn(self):
            fits = await asyncio.to_thread(self._verify, password_hash or NOBODYS_HASH, password)
        return fits and password_hash is not None

    def outdated(self, password_hash: str) -> bool:
        """Whether it was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def enter(self) -> None:
        if self._waiting >= MOST_WAITING:
            raise TooBusy("Too many people log in at the moment: try again in a few seconds.")
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1

    def leave(self) -> None:
        self._slots.release()


class _Turn:
    """One's turn at the hasher."""

    def __init__(self, passwords: Passwords) -> None:
        self._passwords = passwords

    async def __aenter__(self) -> None:
        await self._passwords.enter()

    async def __aexit__(self, *_: object) -> None:
        self._passwords.leave()
