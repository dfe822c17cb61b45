# ruff: noqa: S608 - statements are put together from names of this file
"""The attacker of the tests: writes to the database at will, knows our code, has neither key nor anchor."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from shinsatsu.domain.audit import GENESIS, SECURITY, Kind, Sealed, digest, event_body, event_id, statement
from shinsatsu.proof.keys import SigningKey

HEAD = ("last_seq", "last_hash", "head_signature", "head_kid", "head_signed_at", "head_checkpoint")
KEYS: Mapping[str, tuple[str, ...]] = {
    "session_events": ("id",),
    "security_events": ("seq",),
    "event_texts": ("event_id", "field"),
    "proof_tombstones": ("chain", "first_seq"),
    "proof_checkpoints": ("number",),
    "security_chain": ("id",),
    "video_sessions": ("id",),
}
NUMBERS = {"seq", "user_id", "first_seq", "last_seq", "number", "head_checkpoint"}
Row = dict[str, Any]


@dataclass
class Attacker:
    """One attack after another; each says what it did, or None when there was nothing to do it to."""

    database: Connection
    chance: random.Random
    old_heads: Sequence[Row] = ()
    """Heads with their signatures that once stood in the database."""

    @property
    def sqlite(self) -> bool:
        return self.database.dialect.name == "sqlite"

    def disarm(self) -> None:
        """Takes the triggers away."""
        if not self.sqlite:
            self.run("SET session_replication_role = replica")
            return
        for row in self.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            self.run(f"DROP TRIGGER {row['name']}")

    def attack(self) -> str:
        """Something, at random."""
        attacks: list[tuple[int, Callable[[], str | None]]] = [
            (10, self.change),
            (3, self.delete),
            (2, self.swap),
            (2, self.insert),
            (2, self.append),
            (2, self.truncate),
            (3, self.rewrite),
            (1, self.delete_session),
            (1, self.bury),
            (1, self.empty),
            (1, self.forge_list),
        ]
        kinds, weights = [one for _, one in attacks], [weight for weight, _ in attacks]
        while True:
            done = self.chance.choices(kinds, weights)[0]()
            if done is not None:
                return done

    def change(self) -> str | None:
        """Another value in one column of one row."""
        table = self.chance.choice(list(KEYS))
        row = self.one(table)
        if row is None:
            return None
        column = self.chance.choice(HEAD if table == "video_sessions" else list(row))
        value = self.another(table, column, row[column])
        if value == row[column] and type(value) is type(row[column]):
            return None
        taken = column in KEYS[table] and self.rows(*self.matching(table, {**row, column: value}))
        if taken or (value is None and not self.nullable(table, column)):
            return None
        sql, values = self.matching(table, row)
        where = sql.partition("WHERE")[2]
        try:
            with self.database.begin_nested():
                self.run(f"UPDATE {table} SET {column} = :fresh WHERE {where}", {**values, "fresh": value})
        except Exception:  # noqa: BLE001 - the database has a constraint against it
            return None
        if self.rows(*self.matching(table, {**row, column: value} if column in KEYS[table] else row)) == [row]:
            return None  # the column's type made it what it was
        return f"{table}.{column} of {self.name(table, row)}: {row[column]!r:.60} became {value!r:.60}"

    def delete(self) -> str | None:
        """One row less."""
        table = self.chance.choice([name for name in KEYS if name != "video_sessions"])
        row = self.one(table)
        if row is None:
            return None
        self.remove(table, row)
        return f"{table} {self.name(table, row)} deleted"

    def swap(self) -> str | None:
        """Two events of one chain in each other's place."""
        chain, events = self.chain()
        if len(events) < 2:
            return None
        one, other = self.chance.sample(events, 2)
        table = self.table(chain)
        if self.chance.random() < 0.5:  # their numbers alone
            key = "id" if table == "session_events" else "hash"
            for row, seq in ((one, -1), (other, one["seq"]), (one, other["seq"])):
                self.run(f"UPDATE {table} SET seq = :seq WHERE {key} = :key", {"seq": seq, "key": row[key]})
            return f"{chain}: numbers {one['seq']} and {other['seq']} swapped"
        for row, like in ((one, other), (other, one)):
            self.remove(table, row)
            self.add(table, {**like, "seq": -row["seq"], "id": f"-{row.get('id')}"})
        for row in (one, other):
            self.run(
                f"UPDATE {table} SET seq = :seq" + (", id = :id" if "id" in row else "") + " WHERE seq = :now",
                {"seq": row["seq"], "now": -row["seq"], **({"id": row["id"]} if "id" in row else {})},
            )
        return f"{chain}: {one['seq']} and {other['seq']} swapped"

    def insert(self) -> str | None:
        """One event more within a chain, and everything after it numbered and hashed anew."""
        chain, events = self.chain()
        if not events:
            return None
        place = self.chance.randrange(len(events))
        fresh = {**events[place], "created_at": "2026-11-23T05:30:01.000Z"}
        self.rebuild(chain, events, [*events[:place], fresh, *events[place:]])
        return f"{chain}: one more before {events[place]['seq']}, all hashed anew"

    def append(self) -> str | None:
        """One event more at the end of a chain, hashed as ours."""
        chain, events = self.chain()
        if not events:
            return None
        self.rebuild(chain, events, [*events, {**events[-1], "metadata": '{"forged":true}'}])
        return f"{chain}: one more at the end"

    def truncate(self) -> str | None:
        """The end of a chain away, and the head put back to what it once was."""
        chain, events = self.chain()
        last = events[-1]["seq"] if events else 0
        olds = [head for head in self.old_heads if head["chain"] == chain and head["seq"] < last]
        if not olds:
            return None
        head = self.chance.choice(olds)
        self.shorten(chain, events, head["seq"])
        values = {"last_seq": head["seq"], "last_hash": head["hash"], "head_signature": head["signature"]}
        self.set_head(chain, {**values, "head_kid": head["kid"], "head_signed_at": head["at"]})
        return f"{chain}: cut after {head['seq']}, with the head of then"

    def rewrite(self) -> str | None:
        """One event changed, and everything after it hashed anew, the head too."""
        chain, events = self.chain()
        if not events:
            return None
        place = self.chance.randrange(len(events))
        forged = {**events[place], "user_id": 4711}
        self.rebuild(chain, events, [*events[:place], forged, *events[place + 1 :]])
        if self.chance.random() < 0.5:
            self.forge_head(chain)
        return f"{chain}: {events[place]['seq']} rewritten, all hashed anew"

    def delete_session(self) -> str | None:
        """A whole consultation with everything that names it."""
        session = self.one("video_sessions")
        if session is None:
            return None
        key = {"key": session["id"]}
        self.run("DELETE FROM event_texts WHERE event_id LIKE :like", {"like": f"{session['id']}:%"})
        for table in ("tracks", "subscriptions", "media_sessions", "session_events", "session_participants"):
            self.run(f"DELETE FROM {table} WHERE video_session_id = :key", key)
        self.run("DELETE FROM video_sessions WHERE id = :key", key)
        self.run("DELETE FROM proof_tombstones WHERE chain = :key", key)
        if self.chance.random() < 0.5:
            self.run("DELETE FROM proof_checkpoints WHERE number = (SELECT max(number) FROM proof_checkpoints)")
        return f"{session['id']} deleted with everything"

    def bury(self) -> str | None:
        """Events away under a tombstone that we never signed."""
        chain, events = self.chain()
        if not events or self.rows("SELECT 1 FROM proof_tombstones WHERE chain = :chain", {"chain": chain}):
            return None
        last = self.chance.choice(events)
        members = {"chain": chain, "firstSeq": 1, "seq": last["seq"], "hash": last["hash"]}
        sealed = self.forged(Kind.TOMBSTONE, members)
        said = {"statement": sealed.statement, "signature": sealed.signature}
        self.add("proof_tombstones", {"chain": chain, "first_seq": 1, "last_seq": last["seq"], **said})
        for row in events:
            if row["seq"] <= last["seq"]:
                self.remove(self.table(chain), row)
        return f"{chain}: buried up to {last['seq']}"

    def empty(self) -> str | None:
        """A whole table."""
        table = self.chance.choice([name for name in KEYS if name != "video_sessions"])
        if self.one(table) is None:
            return None
        self.run(f"DELETE FROM {table}")
        return f"{table} emptied"

    def forge_list(self) -> str | None:
        """A signed list that we never made."""
        number = self.rows("SELECT max(number) AS number FROM proof_checkpoints")[0]["number"] or 0
        sealed = self.forged(Kind.CHECKPOINT, {"number": number + 1, "previous": GENESIS, "heads": []})
        said = {"statement": sealed.statement, "signature": sealed.signature}
        self.add("proof_checkpoints", {"number": number + 1, **said})
        return f"checkpoint {number + 1} forged"

    # What the attacks are made of.

    def chain(self) -> tuple[str, list[Row]]:
        """Some chain with its events."""
        if self.chance.random() < 0.2:
            return SECURITY, self.rows("SELECT * FROM security_events ORDER BY seq")
        session = self.one("video_sessions")
        sql = "SELECT * FROM session_events WHERE video_session_id = :key ORDER BY seq"
        return (session or {})["id"], self.rows(sql, {"key": (session or {})["id"]})

    def rebuild(self, chain: str, before: Sequence[Row], after: Sequence[Row]) -> None:
        """Puts events in the place of a chain's, numbered and hashed as we do it, and its head after them."""
        for row in before:
            self.remove(self.table(chain), row)
        seq, previous = before[0]["seq"], before[0]["prev_hash"]
        for row in after:
            about = row["video_session_id"] if chain == SECURITY else None
            who = (row["event_type"], row["user_type"], row["user_id"], row["role"], row["address"], row["request_id"])
            name = event_id(chain, seq)
            found = digest(event_body(chain, seq, name, *who, about, row["metadata"], row["created_at"], previous))
            fresh = {**row, "seq": seq, "prev_hash": previous, "hash": found}
            self.add(self.table(chain), {**fresh, "id": name} if "id" in row else fresh)
            seq, previous = seq + 1, found
        self.set_head(chain, {"last_seq": seq - 1, "last_hash": previous})

    def shorten(self, chain: str, events: Sequence[Row], last: int) -> None:
        for row in events:
            if row["seq"] > last:
                self.run("DELETE FROM event_texts WHERE event_id = :id", {"id": event_id(chain, row["seq"])})
                self.remove(self.table(chain), row)

    def forge_head(self, chain: str) -> None:
        key = SigningKey.of(b"a key that is not ours, 32 bytes")
        self.set_head(chain, {"head_kid": key.kid, "head_signature": key.private.sign(b"forged").hex()})

    def forged(self, kind: Kind, members: Row) -> Sealed:
        """A statement under the name of our key, signed with another one."""
        kid = next(head["kid"] for head in self.old_heads)
        key = SigningKey.of(b"a key that is not ours, 32 bytes")
        at = "2026-11-23T05:30:00.000Z"
        return key.sign(statement(kind, at, kid, members), at)

    def set_head(self, chain: str, values: Row) -> None:
        table, key = ("security_chain", 1) if chain == SECURITY else ("video_sessions", chain)
        changes = ", ".join(f"{name} = :{name}" for name in values)
        self.run(f"UPDATE {table} SET {changes} WHERE id = :key", {**values, "key": key})

    def another(self, table: str, column: str, value: Any) -> Any:
        """A value of the same kind that is a little different, or nothing, or that of another row."""
        choices: list[Any] = [None, (self.one(table) or {}).get(column)]
        if column in NUMBERS or isinstance(value, int):
            choices += [(value or 0) + 1, (value or 0) - 1, 2**31 - 5]
        else:
            known = value or ""
            choices += [known + " ", known[:-1], known.upper(), known.replace(",", ", ", 1), "x", ""]
            choices += [known.replace(":", ": ", 1), known.replace("a", "а", 1)]  # a Cyrillic one
            if self.sqlite:
                choices.append(known.encode())
        return self.chance.choice(choices)

    def nullable(self, table: str, column: str) -> bool:
        free = {"role", "address", "request_id", "metadata", "prev_hash", "hash", "salt", "text", "erasure"}
        return column in free | set(HEAD[2:]) or (table == "security_events" and column in {"user_type", "user_id"})

    def table(self, chain: str) -> str:
        return "security_events" if chain == SECURITY else "session_events"

    def one(self, table: str) -> Row | None:
        keys = ", ".join(KEYS[table])
        found = self.rows(f"SELECT {keys} FROM {table} ORDER BY {keys}")
        if not found:
            return None
        return self.rows(*self.matching(table, self.chance.choice(found)))[0]

    def matching(self, table: str, row: Row) -> tuple[str, Row]:
        where = " AND ".join(f"{key} = :{key}" for key in KEYS[table])
        return f"SELECT * FROM {table} WHERE {where}", {key: row[key] for key in KEYS[table]}

    def remove(self, table: str, row: Row) -> None:
        sql, values = self.matching(table, row)
        self.run(sql.replace("SELECT *", "DELETE", 1), values)

    def add(self, table: str, row: Row) -> None:
        row = {name: value for name, value in row.items() if name != "id" or table == "session_events"}
        names = ", ".join(f":{name}" for name in row)
        self.run(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({names})", row)

    def name(self, table: str, row: Row) -> str:
        return "/".join(str(row[key]) for key in KEYS[table])

    def rows(self, sql: str, values: Row | None = None) -> list[Row]:
        return [dict(row) for row in self.database.execute(text(sql), values or {}).mappings()]

    def run(self, sql: str, values: Row | None = None) -> None:
        self.database.execute(text(sql), values or {})
