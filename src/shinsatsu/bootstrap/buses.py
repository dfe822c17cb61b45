"""How the viewers of a session hear of a commit: within this process, and on PostgreSQL from the other servers too."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from sqlalchemy.ext.asyncio import AsyncEngine

from shinsatsu.domain.consultation import Consultation
from shinsatsu.domain.events import StoredEvent
from shinsatsu.realtime.local_bus import LocalBus
from shinsatsu.service.ports import EventBus
from shinsatsu.store.unit_of_work import SqlUnitsOfWork

if TYPE_CHECKING:  # its driver need not be installed
    from shinsatsu.realtime.postgresql_bus import PostgresqlBus


class Viewers(Protocol):
    """The streams of this process that are told of commits."""

    def on_events(self, events: Sequence[StoredEvent], consultation: Consultation) -> None: ...

    def watches(self, session_id: str) -> bool: ...

    def resync(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Bus:
    """`publisher` is what use cases tell; `remote` has to run where there are other servers."""

    local: LocalBus
    publisher: EventBus
    remote: "PostgresqlBus | None"
    viewers: list[Viewers] = field(default_factory=list)

    def show(self, viewers: Viewers) -> None:
        """Has those streams told, by this server and by the others."""
        self.viewers.append(viewers)
        self.local.subscribe(viewers.on_events)


def make_bus(engine: AsyncEngine, units_of_work: SqlUnitsOfWork, server_id: str) -> Bus:
    """This process's bus; on PostgreSQL it reaches the other servers too."""
    local, viewers = LocalBus(), list[Viewers]()
    if engine.dialect.name != "postgresql":
        return Bus(local, local, None, viewers)
    from shinsatsu.realtime.postgresql_bus import PostgresqlBus

    def wanted(session_id: str) -> bool:
        return any(one.watches(session_id) for one in viewers)

    def lost() -> None:
        for one in viewers:
            one.resync()

    address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    remote = PostgresqlBus(local, address, units_of_work, server_id, wanted=wanted, lost=lost)
    return Bus(local, remote, remote, viewers)
