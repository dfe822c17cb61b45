"""Worlds as rows of a database, written in one go; as if their events had been long ago."""

import hashlib
import itertools
import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from shinsatsu.domain.guests import WITHHOLDABLE
from shinsatsu.domain.participant import Participant
from shinsatsu.domain.roles import Relation, UserType
from shinsatsu.domain.session_status import SessionStatus
from shinsatsu.domain.subscriptions import Direction, SubscriptionState
from shinsatsu.domain.timestamps import to_text
from shinsatsu.domain.tracks import Track, TrackType
from shinsatsu.service.keys import ALL_SCOPES
from shinsatsu.store import rows
from tests.api.worlds import (
    DOCTOR,
    ELSEWHERE,
    PATIENT,
    SUPPORT,
    Credential,
    Extra,
    State,
    Stay,
    Switch,
    Who,
    World,
    build,
)
from tests.house import START

BEYOND = 10**9
"""The first key's id; keys that are made since follow, and belong to no world."""
LATER = to_text(START + timedelta(days=3650))


def write(file: Path, worlds: Sequence[World]) -> None:
    """Puts the worlds, and the one elsewhere, into a migrated database; as if their events had been long ago."""
    nowhere = World(ELSEWHERE, State(SessionStatus.WAITING, PATIENT, Credential.GRANT, Stay.ADMITTED))
    keys = [("api_keys", _key_row(*key)) for key in ((BEYOND, "sk_tests", ALL_SCOPES), (BEYOND + 1, "sk_narrow", ()))]
    batches: dict[tuple[str, tuple[str, ...]], list[tuple[Any, ...]]] = {}
    for table, values in itertools.chain(keys, *(_rows(world) for world in (nowhere, *worlds))):
        batches.setdefault((table, tuple(values)), []).append(tuple(values.values()))
    with sqlite3.connect(file) as database:
        for (table, names), many in batches.items():
            places = ", ".join("?" * len(names))
            database.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})", many)  # noqa: S608
    database.close()


def _rows(world: World) -> Iterable[tuple[str, dict[str, Any]]]:
    session = build(world)
    session.last_seq = 0
    made = {"created_at": to_text(START)}
    for who in world.people:
        yield "users", _user_row(world, who)
    yield "appointments", _appointment_row(world)
    yield "appointment_support_doctors", {"appointment_id": world.appointment_id, "user_id": world.user_id(SUPPORT)}
    identity = {"id": session.id, "appointment_id": session.appointment_id, **made, "version": 1}
    yield "video_sessions", {**identity, **rows.session_values(session)}
    yield from _guest_rows(world)
    for stay in session.participants:
        yield "session_participants", rows.new_participant_values(session.id, stay)
        for track in _tracks(world, stay):
            yield "tracks", rows.new_track_values(session.id, track)
    yield from _credentials(world, made)
    if world.extra is Extra.LINK:
        yield "links", _link_row(world, made)
    if world.extra is Extra.KEY and world.state.credential is Credential.LOGIN:
        yield "api_keys", _key_row(world.key_id, f"sk_{world.number}", ALL_SCOPES)
    if world.extra is Extra.WEBHOOK:
        yield "webhook_endpoints", _webhook_row(world, made)
    if world.extra is Extra.ACCOUNT:
        yield "accounts", _account_row(world, made)
    if world.extra is Extra.INVITATION:
        yield "invitations", _invitation_row(world, made)
    if world.extra is Extra.OFFER and any(stay.id == world.stay_of(world.state.actor) for stay in session.present):
        yield from _offer_rows(world, made)


def _guest_rows(world: World) -> Iterable[tuple[str, dict[str, Any]]]:
    """Those of the people who are guests; the one who asks without what can be left out, where the state says so."""
    for who in world.people:
        if who.relation is Relation.GUEST:
            withheld = who is world.state.actor and world.state.switch is Switch.WITHHELD
            whose = {"video_session_id": world.session_id, "user_id": world.user_id(who), "kind": "family"}
            by = {
                "invited_by_type": UserType.WORKER,
                "invited_by_id": world.user_id(DOCTOR),
                "invited_at": to_text(START),
            }
            yield "session_guests", {**whose, "withheld": json.dumps(sorted(WITHHOLDABLE) if withheld else []), **by}


def _tracks(world: World, stay: Participant) -> Iterable[Track]:
    """Granted names, as everybody admitted has them; the camera of whoever is there beside the actor is on."""
    for kind in (TrackType.AUDIO, TrackType.VIDEO):
        name = f"{stay.user_type}-{stay.user_id}-{kind}-1"
        track = Track(name, kind, stay.id, stay.user_type, stay.user_id)
        if not stay.admitted:
            yield track.closed()
        elif kind is TrackType.VIDEO and stay.id == world.stay_of(world.other):
            yield track.published(world.publisher_id, "0")
        else:
            yield track


def _user_row(world: World, who: Who) -> dict[str, Any]:
    blocked = world.state.switch is Switch.BLOCKED and who is world.state.actor
    name = {"display_name": who.name, "blocked_at": to_text(START) if blocked else None}
    return {"user_type": who.user_type, "user_id": world.user_id(who), "role": who.role, **name}


def _appointment_row(world: World) -> dict[str, Any]:
    return {
        "id": world.appointment_id,
        "patient_id": world.user_id(PATIENT),
        "doctor_id": world.user_id(DOCTOR),
        "starts_at": to_text(START),
        "scheduled_duration": 15,
        "status": "booked",
        "admission": "staff",
    }


def _credentials(world: World, made: dict[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    actor = world.state.actor
    whose = {"user_type": actor.user_type, "user_id": world.user_id(actor), **made, "expires_at": LATER}
    where = World(ELSEWHERE, world.state) if actor.grant_elsewhere else world
    place = {"video_session_id": where.session_id, "appointment_id": where.appointment_id}
    if world.state.credential is Credential.GRANT:
        grant = {"id": f"g-{world.number:06}", "secret_hash": digest(world.secret)}
        yield "grants", {**grant, **place, **whose}
    if world.state.credential is Credential.LOGIN:
        login = {"id": f"l-{world.number:06}", "secret_hash": digest(world.secret), "token_hash": "-"}
        yield "logins", {**login, **whose, "used_at": to_text(START), "proof_hash": "-"}


def _link_row(world: World, made: dict[str, Any]) -> dict[str, Any]:
    link = {"id": f"k-{world.number:06}", "token_hash": digest(world.link_token()), **made, "expires_at": LATER}
    here = {"video_session_id": world.session_id, "appointment_id": world.appointment_id}
    patient = {"user_type": UserType.PATIENT, "user_id": world.user_id(PATIENT)}
    return {**link, **here, **patient, "created_by_type": UserType.SYSTEM, "created_by_id": 1}


def _key_row(key_id: int, secret: str, scopes: Sequence[str]) -> dict[str, Any]:
    said = {"name": "tests", "scopes": json.dumps(scopes), "created_at": to_text(START)}
    return {"id": key_id, "secret_hash": digest(secret), **said}


def _webhook_row(world: World, made: dict[str, Any]) -> dict[str, Any]:
    return {"id": world.session_id, "url": "https://hooks.example/", "types": "[]", "secret": "-", **made}


def _account_row(world: World, made: dict[str, Any]) -> dict[str, Any]:
    name = f"doctor-{world.number}"
    whose = {"user_type": UserType.WORKER, "user_id": world.user_id(DOCTOR)}
    return {**whose, "login_name": name, "name_key": name, "handle": "-", "totp_last_step": 0, **made}


def _invitation_row(world: World, made: dict[str, Any]) -> dict[str, Any]:
    invitation = {"id": f"i-{world.number:06}", "code_hash": digest(world.invitation_code), "check_kind": "none"}
    here = {"video_session_id": world.session_id, "appointment_id": world.appointment_id}
    patient = {"user_type": UserType.PATIENT, "user_id": world.user_id(PATIENT), "sends": 0, "wrong_tries": 0}
    return {**invitation, **here, **patient, **made, "created_by_type": UserType.SYSTEM, "created_by_id": 1}


def _offer_rows(world: World, made: dict[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    """Of the other's camera."""
    here, me = {"video_session_id": world.session_id}, world.stay_of(world.state.actor)
    media = {"id": world.receiver_id, "participant_id": me, "direction": Direction.RECEIVE, **made}
    yield "media_sessions", {**media, **here, "negotiating_until": to_text(START + timedelta(seconds=10))}
    offer = {"publication": world.track_of(world.other, TrackType.VIDEO), "receiver": me, "generation": 1, "mid": "0"}
    state = {"rcv_session": media["id"], "state": SubscriptionState.OFFERED, "changed_at": to_text(START)}
    yield "subscriptions", {**offer, **here, **state}


def digest(secret: str) -> str:
    """As secrets are kept."""
    return hashlib.sha256(secret.encode()).hexdigest()
