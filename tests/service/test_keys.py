"""API keys: kept as hashes, bound by scopes, expiring, rotated without a gap, revoked, their use noted; on record."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from shinsatsu.domain.access_errors import KeyOver
from shinsatsu.domain.errors import Forbidden, InvalidRequest, NotFound, Unauthenticated
from shinsatsu.domain.roles import TIMER, AuthUser, UserType
from shinsatsu.domain.scopes import KeyScope
from shinsatsu.service import keys as module
from shinsatsu.service.keys import ALL_SCOPES, Keys, NewKey
from tests.house import ADMIN, DOCTOR, OPERATOR, PATIENT, SUPPORT, House, details

LINKS = [KeyScope.LINKS]


async def made(house: House, *scopes: KeyScope, **options: Any) -> NewKey:
    return await house.keys.make(None, "booking", scopes or ALL_SCOPES, **options)


async def security_events(house: House) -> list[tuple[str, dict[str, Any]]]:
    async with house.units_of_work.read() as unit:
        found = await unit.security.after(0, 100)
    return [(one.event.event_type.value, dict(one.event.metadata)) for one in found]


async def test_a_key_is_a_system_user_bound_by_its_scopes(house: House) -> None:
    new = await made(house, KeyScope.LINKS, KeyScope.APPOINTMENTS)
    user = await house.keys.user_of(new.secret)
    assert user == AuthUser(UserType.SYSTEM, new.key.id, None, "booking", scopes=frozenset({"links", "appointments"}))
    for wrong in ("sk_nobody", "", new.secret[:-1], new.secret + "x"):
        with pytest.raises(Unauthenticated):
            await house.keys.user_of(wrong)


async def test_the_secret_is_nowhere_in_the_database(house: House) -> None:
    new = await made(house)
    assert len(new.secret) >= 43  # 256 bits
    async with house.engine.connect() as connection:
        for table in ("api_keys", "security_events"):
            rows = (await connection.execute(text(f"SELECT * FROM {table}"))).all()  # noqa: S608
            assert rows
            assert new.secret.removeprefix("sk_") not in str(rows)


async def test_each_use_case_asks_for_its_scope(house: House) -> None:
    session_id = await house.opened()

    async def refused(user: AuthUser, use: Any) -> None:
        with pytest.raises(Forbidden) as raised:
            await use(user)
        assert raised.value.reason == "scope_missing"

    uses: dict[KeyScope, Callable[[AuthUser], Awaitable[object]]] = {
        KeyScope.APPOINTMENTS: lambda user: house.appointments.put(user, "a1", details()),
        KeyScope.LINKS: lambda user: house.links.mint(user, session_id, UserType.PATIENT, PATIENT.user_id),
        KeyScope.WORKER_LINKS: lambda user: house.links.mint(user, session_id, UserType.WORKER, SUPPORT.user_id),
        KeyScope.SESSIONS_READ: house.sessions.find,
        KeyScope.AUDIT_READ: lambda user: house.audit.security_events(user, 0, 10),
    }
    for scope, use in uses.items():
        await use(await house.keys.user_of((await made(house, scope)).secret))
        others = [one for one in KeyScope if one is not scope]
        await refused(await house.keys.user_of((await made(house, *others)).secret), use)


async def test_a_scope_that_nobody_knows_grants_nothing(house: House) -> None:
    new = await made(house)
    async with house.engine.begin() as connection:
        await connection.execute(text("""UPDATE api_keys SET scopes = '["*", "users", "audit"]'"""))
    with pytest.raises(Forbidden):
        await house.audit.security_events(await house.keys.user_of(new.secret), 0, 10)
    with pytest.raises(Forbidden):
        await house.sessions.find(await house.keys.user_of(new.secret))


async def test_a_key_ends_when_it_was_made_to(house: House) -> None:
    new = await made(house, expires_at=house.clock.now() + timedelta(days=1))
    house.clock.pass_time(days=1, milliseconds=-1)
    await house.keys.user_of(new.secret)
    house.clock.pass_time(milliseconds=1)
    with pytest.raises(Unauthenticated):
        await house.keys.user_of(new.secret)
    with pytest.raises(KeyOver):
        await house.keys.rotate(None, new.key.id)


async def test_rotation_leaves_no_gap(house: House) -> None:
    old = await made(house, KeyScope.LINKS, expires_at=house.clock.now() + timedelta(days=90))
    house.clock.pass_time(days=30)
    new = await house.keys.rotate(ADMIN, old.key.id, timedelta(minutes=5))
    assert new.secret != old.secret
    assert (new.key.name, new.key.scopes) == ("booking", ("links",))
    assert new.key.expires_at == house.clock.now() + timedelta(days=90)
    house.clock.pass_time(minutes=5, milliseconds=-1)
    assert (await house.keys.user_of(old.secret)).user_id == old.key.id
    house.clock.pass_time(milliseconds=1)
    with pytest.raises(Unauthenticated):
        await house.keys.user_of(old.secret)
    assert (await house.keys.user_of(new.secret)).scopes == frozenset({"links"})
    listed = {one.id: one for one in await house.keys.list(ADMIN)}
    assert listed[old.key.id].replaced_by == new.key.id


async def test_no_key_lasts_longer_by_rotation_and_none_is_replaced_twice(house: House) -> None:
    old = await made(house, expires_at=house.clock.now() + timedelta(minutes=10))
    outcomes = await asyncio.gather(*(house.keys.rotate(None, old.key.id) for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in outcomes if isinstance(one, BaseException)] == [KeyOver] * 4
    house.clock.pass_time(minutes=10)
    with pytest.raises(Unauthenticated):
        await house.keys.user_of(old.secret)
    forever = await made(house)
    assert (await house.keys.rotate(None, forever.key.id)).key.expires_at is None


async def test_a_revoked_key_is_over_at_once(house: House) -> None:
    new = await made(house)
    await house.keys.revoke(ADMIN, new.key.id)
    with pytest.raises(Unauthenticated):
        await house.keys.user_of(new.secret)
    (listed,) = await house.keys.list(None)
    house.clock.pass_time(minutes=1)
    await house.keys.revoke(ADMIN, new.key.id)
    assert await house.keys.list(None) == [listed]
    with pytest.raises(KeyOver):
        await house.keys.rotate(ADMIN, new.key.id)
    for act in (house.keys.revoke, house.keys.rotate):
        with pytest.raises(NotFound):
            await act(ADMIN, 99)


async def test_use_is_noted_at_most_once_a_minute(house: House) -> None:
    new = await made(house)

    async def last_used() -> Any:
        return (await house.keys.list(None))[0].last_used_at

    assert await last_used() is None
    first = house.clock.now()
    await asyncio.gather(*(house.keys.user_of(new.secret) for _ in range(5)))
    assert await last_used() == first
    house.clock.pass_time(seconds=59)
    await house.keys.user_of(new.secret)
    assert await last_used() == first
    house.clock.pass_time(seconds=1)
    await house.keys.user_of(new.secret)
    assert await last_used() == house.clock.now()
    house.clock.pass_time(seconds=30)
    await Keys(house.commands).user_of(new.secret)  # another server, which remembers nothing
    assert await last_used() == house.clock.now() - timedelta(seconds=30)


async def test_only_administrators_by_a_login(house: House) -> None:
    await house.staff()
    by_grant = AuthUser(ADMIN.user_type, ADMIN.user_id, ADMIN.role, ADMIN.display_name, "a1")
    key = await house.keys.user_of((await made(house)).secret)
    uses: list[Callable[[AuthUser], Awaitable[object]]] = [
        house.keys.list,
        lambda actor: house.keys.make(actor, "x", LINKS),
        lambda actor: house.keys.rotate(actor, 1),
        lambda actor: house.keys.revoke(actor, 1),
    ]
    for use in uses:
        refused = {**dict.fromkeys((PATIENT, DOCTOR, OPERATOR, key), "role_may_not"), by_grant: "grant_may_not"}
        for actor, reason in refused.items():
            with pytest.raises(Forbidden) as raised:
                await use(actor)
            assert raised.value.reason == reason
    assert len(await house.keys.list(ADMIN)) == 1


async def test_keys_are_on_record_without_names_or_secrets(house: House) -> None:
    await house.staff()
    new = await house.keys.make(ADMIN, "Clinic of Dr. Example", LINKS)
    rotated = await house.keys.rotate(ADMIN, new.key.id)
    await house.keys.revoke(None, rotated.key.id)
    told = [(kind, said) for kind, said in await security_events(house) if kind.startswith("key_")]
    assert [kind for kind, _ in told] == ["key_made", "key_rotated", "key_revoked"]
    assert told[0][1] == {"keyId": new.key.id, "scopes": ["links"]}
    assert told[1][1]["replacedBy"] == rotated.key.id
    assert told[2][1] == {"keyId": rotated.key.id}
    assert "Example" not in str(told)
    async with house.units_of_work.read() as unit:
        by = [(one.event.user_type, one.event.user_id) for one in await unit.security.after(0, 100)]
    assert by == [ADMIN.key, ADMIN.key, TIMER.key]  # the command line is the system's number 0


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("name", {"name": " "}),
        ("name", {"name": "x" * 101}),
        ("name", {"name": "a\nb"}),
        ("scopes", {"scopes": []}),
        ("expiresAt", {"expires_at": timedelta(0)}),
    ],
)
async def test_bad_wishes_name_the_field(house: House, field: str, given: dict[str, Any]) -> None:
    wish: dict[str, Any] = {"name": "booking", "scopes": LINKS, **given}
    if "expires_at" in wish:
        wish["expires_at"] = house.clock.now() + wish["expires_at"]
    with pytest.raises(InvalidRequest) as raised:
        await house.keys.make(None, **wish)
    assert raised.value.field == field


async def test_there_is_an_end_to_making_keys(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_KEYS", 2)
    first = await made(house)
    await made(house)
    with pytest.raises(InvalidRequest):
        await made(house)
    await house.keys.revoke(None, first.key.id)
    await made(house)
