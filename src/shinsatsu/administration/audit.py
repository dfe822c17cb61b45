"""`shinsatsu audit`: verifies the proof, exports it, and does what may be done to it; with or without a server."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from shinsatsu.settings import Settings

commands = typer.Typer(help="The proof of who did what (docs/concepts.md).", no_args_is_help=True)
Data = Annotated[Path | None, typer.Option("--data", help="Folder of the database and of generated secrets.")]
Anchors = Annotated[
    list[Path] | None,
    typer.Option("--anchor", help="An anchor file; may be repeated (one of each server); default: the server's own."),
]


@commands.command()
def verify(data: Data = None, anchor: Anchors = None) -> None:
    """Say whether every event is as it was written; exit status 1 when one is not."""
    from shinsatsu.administration.audit_work import verify_events

    _run(lambda settings: verify_events(settings, anchor or []), data)


@commands.command()
def export(
    data: Data = None,
    out: Annotated[Path | None, typer.Option("--out", help="A file; default: standard output.")] = None,
) -> None:
    """Write everything that docs/verify_audit.py needs, as JSON Lines."""
    from shinsatsu.administration.audit_work import export_events

    _run(lambda settings: export_events(settings, out), data)


@commands.command()
def prune(
    before: Annotated[datetime, typer.Option("--before", formats=["%Y-%m-%d"], help="YYYY-MM-DD, UTC.")],
    data: Data = None,
) -> None:
    """Delete the events of sessions that ended before a day, and older security events; signed tombstones stay."""
    from shinsatsu.administration.audit_work import prune_events

    _run(lambda settings: prune_events(settings, before), data)


@commands.command()
def erase(
    participant: Annotated[str | None, typer.Option("--participant", help="The id of one stay.")] = None,
    user: Annotated[
        str | None, typer.Option("--user", metavar="TYPE:ID", help="Such as patient:7: all stays, and the name.")
    ] = None,
    data: Data = None,
) -> None:
    """Erase what was written at stays (why somebody came in or was removed), and a user's name; events stay proven."""
    from shinsatsu.administration.audit_work import erase_texts, user_key

    if (participant is None) == (user is None):
        raise typer.BadParameter("name a stay by --participant ID or a user by --user patient:ID or worker:ID")
    _run(lambda settings: erase_texts(settings, participant, None if user is None else user_key(user)), data)


@commands.command("rotate-key")
def rotate_key(data: Data = None) -> None:
    """Sign with a new key from now on; the old one introduces it, and what it signed stays signed."""
    from shinsatsu.administration.audit_work import rotate_signing_key

    _run(rotate_signing_key, data)


def _run(work: "Callable[[Settings], Coroutine[Any, Any, int]]", data: Path | None) -> None:
    from shinsatsu.cli import run_command

    run_command(work, data)
