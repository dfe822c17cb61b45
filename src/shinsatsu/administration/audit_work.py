"""What the commands of `shinsatsu audit` do."""

import contextlib
import gc
import re
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy.exc import DBAPIError

from shinsatsu.administration.database import on_proof
from shinsatsu.bootstrap.offline import build_proof
from shinsatsu.domain.audit import Sealed, event_body, head_statement
from shinsatsu.domain.audit_evidence import Anchored, EventRow, HeadRow, Verdict
from shinsatsu.domain.roles import UserKey, UserType
from shinsatsu.domain.timestamps import to_text
from shinsatsu.proof.anchor import KEY, AnchorFile
from shinsatsu.proof.keys import PublicKeys, listed_keys, own_keys, rotate_key
from shinsatsu.service.proof import Proof
from shinsatsu.service.sources import SystemClock
from shinsatsu.serving import CannotStart
from shinsatsu.settings import Settings
from shinsatsu.store.engine import make_engine

MOST_NAMED = 20


async def verify_events(settings: Settings, anchors: Sequence[Path]) -> int:
    """Prints what was found; 1 when something is not as it was written."""
    verdict = await verdict_on(settings, anchors)
    sys.stdout.writelines(line + "\n" for line in _told(verdict))
    return 1 if verdict.faults else 0


async def verdict_on(settings: Settings, anchors: Sequence[Path]) -> Verdict:
    """Verifies the database with the anchors, the server's own without any. Raises `CannotStart`."""
    files = [AnchorFile(path) for path in anchors or [settings.anchor]]
    keys = own_keys(settings.data_dir)
    async with _as_it_stands(settings) as proof:
        with collector_paused():
            return await _verified(proof, files, keys)


@contextlib.contextmanager
def collector_paused() -> Iterator[None]:
    """A verification makes millions of objects, none of which refers to itself."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _verified(proof: Proof, files: Sequence[AnchorFile], keys: PublicKeys) -> Verdict:
    for lenient in (False, True):  # text that is no UTF-8 is for the second reading, which takes twice as long
        anchored = _read_anchors(files, keys)
        with contextlib.suppress(sqlite3.OperationalError) if not lenient else contextlib.nullcontext():
            return await proof.verify(anchored, keys.signed, lenient)
    raise AssertionError("the lenient reading returns or raises")


async def export_events(settings: Settings, out: Path | None) -> int:
    """Writes keys, tombstones, checkpoints, heads and events as JSON Lines; what people wrote stays where it is."""
    with contextlib.ExitStack() as stack:
        into: IO[str] = sys.stdout
        if out is not None:
            into = stack.enter_context(out.open("w", encoding="utf-8", errors="surrogateescape"))
        async with _as_it_stands(settings) as proof:
            async for line in _exported(settings, proof):
                into.write(line + "\n")
    return 0


async def prune_events(settings: Settings, before: datetime) -> int:
    """Deletes what is older; tells how much that was."""

    async def work(proof: Proof) -> None:
        pruned = await proof.prune(before.replace(tzinfo=UTC))
        told = f"{pruned.session_events} events of {pruned.sessions} sessions, {pruned.security_events} security events"
        sys.stdout.write(f"deleted: {told}\n")

    return await on_proof(settings, work)


async def erase_texts(settings: Settings, participant_id: str | None, user: UserKey | None) -> int:
    """Erases what was written at stays, and a user's name; tells what that was."""

    async def work(proof: Proof) -> None:
        erased = await proof.erase(participant_id=participant_id, user=user)
        name = f", and the name of {user[0]}:{user[1]}" if user and erased.name else ", no name"
        sys.stdout.write(f"erased: {erased.texts} texts{name}\n")

    return await on_proof(settings, work)


async def rotate_signing_key(settings: Settings) -> int:
    """Makes a new key, has the old one introduce it to the anchor, and records it."""

    async def work(proof: Proof) -> None:
        old, new, introduction = rotate_key(settings.data_dir, to_text(SystemClock().now()))
        AnchorFile(settings.anchor).append([introduction.line()])
        await proof.record_rotation(old.kid, new.kid)
        sys.stdout.write(f"signing with {new.kid} from now on\n")

    return await on_proof(settings, work)


def user_key(text: str) -> UserKey:
    """`patient:7`, a guest `patient:-2`, or `worker:3`. Raises `CannotStart`."""
    found = re.fullmatch(r"(patient|worker):(-?[0-9]{1,15})", text)
    if found is None:
        raise CannotStart(f"{text} is no user: write patient:7, patient:-2 (a guest) or worker:3")
    return UserType(found[1]), int(found[2])


@asynccontextmanager
async def _as_it_stands(settings: Settings) -> AsyncIterator[Proof]:
    """The proof over a database that is only read: not made, and not brought up to date."""
    if settings.sqlite_file is not None and not settings.sqlite_file.exists():
        raise CannotStart(f"there is no database at {settings.sqlite_file}")
    engine = make_engine(settings.database)
    try:
        yield build_proof(settings, engine)
    except (DBAPIError, sqlite3.DatabaseError) as error:
        reason = getattr(error, "orig", None) or error
        raise CannotStart(
            f"the database cannot be read (`shinsatsu migrate` brings an old one up): {reason}"
        ) from error
    finally:
        await engine.dispose()


def _read_anchors(files: Sequence[AnchorFile], keys: PublicKeys) -> Anchored:
    anchored = Anchored()
    for file in files:
        keys.follow(file.read(KEY))
        anchored.take(file.read())
    return anchored


def _told(verdict: Verdict) -> Iterator[str]:
    counted = f"{verdict.events} events in {verdict.chains} chains"
    if not verdict.faults:
        yield f"{counted}: all as they were written"
    else:
        yield f"{counted}: {len(verdict.faults)} faults"
        yield from (f"  {fault}" for fault in verdict.faults[:MOST_NAMED])
        if len(verdict.faults) > MOST_NAMED:
            yield f"  and {len(verdict.faults) - MOST_NAMED} more"
    yield f"proven up to {verdict.proven_until}" if verdict.proven_until else "nothing is proven by an anchor"


async def _exported(settings: Settings, proof: Proof) -> AsyncIterator[str]:
    for line in listed_keys(settings.data_dir):
        yield line
    async with proof.reading() as rows:
        for tombstone in await rows.tombstones():
            yield Sealed(tombstone.statement, tombstone.signature, "", "").line()
        for checkpoint in await rows.checkpoints():
            yield Sealed(checkpoint.statement, checkpoint.signature, "", "").line()
        for head in await rows.heads():
            if head.seq:
                yield _head_line(head)
        async for batch in rows.events(lenient=True):
            for row in batch:
                yield _event_line(row)


def _head_line(head: HeadRow) -> str:
    at, kid = head.at or "", head.kid or ""
    return Sealed(head_statement(head.chain, head.seq, head.hash, at, kid), head.signature or "", at, kid).line()


def _event_line(row: EventRow) -> str:
    body: Any = "null"
    with contextlib.suppress(TypeError):  # bytes where text should be: the verification finds the hole
        body = event_body(*row[:13])
    return f'{{"event":{body},"hash":"{row[13]}"}}'
