"""`shinsatsu key` and `shinsatsu keys`: API keys of other systems; works on the database, with or without a server."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:  # each command imports what it works with when it runs
    from datetime import datetime

    from shinsatsu.domain.credentials import ApiKey
    from shinsatsu.service.keys import Keys

commands = typer.Typer(help="API keys of other systems (docs/self-hosting.md).", no_args_is_help=True)
Data = Annotated[Path | None, typer.Option("--data", help="Folder of the database and of generated secrets.")]
Id = Annotated[int, typer.Argument(metavar="ID", min=1, help="The key's id (`shinsatsu keys list`).")]
BOOKING_SYSTEM = ("appointments", "links", "links:worker", "sessions:read")


def make(
    name: Annotated[str, typer.Argument(help="Whose key it is.")] = "booking system",
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="appointments, links, links:worker, sessions:read, audit:read; may be repeated. Default: "
            "all but audit:read."
        ),
    ] = None,
    expires_days: Annotated[int | None, typer.Option(min=1, max=3660, help="Days it is good for.")] = None,
    data: Data = None,
) -> None:
    """Make an API key for a program and print it, this once."""

    async def work(keys: "Keys") -> None:
        from datetime import UTC, datetime, timedelta

        from shinsatsu.domain.errors import InvalidRequest
        from shinsatsu.domain.scopes import KeyScope

        wanted = scope or BOOKING_SYSTEM
        unknown = set(wanted) - set(KeyScope)
        if unknown:
            raise InvalidRequest(f"--scope {min(unknown)} is none of {', '.join(KeyScope)}.")
        expires_at = datetime.now(UTC) + timedelta(days=expires_days) if expires_days else None
        typer.echo((await keys.make(None, name, [KeyScope(one) for one in wanted], expires_at)).secret)

    _work(work, data)


@commands.command("list")
def list_keys(data: Data = None) -> None:
    """List the keys, never their secrets: what for, until when, when last used."""

    async def work(keys: "Keys") -> None:
        for key in await keys.list(None):
            typer.echo(_line(key))

    _work(work, data)


@commands.command()
def rotate(
    key_id: Id,
    overlap_minutes: Annotated[int, typer.Option(min=0, max=10080, help="Minutes the old key still lasts.")] = 60,
    data: Data = None,
) -> None:
    """Make a key in the place of another and print it; the old one lasts for the overlap."""

    async def work(keys: "Keys") -> None:
        from datetime import timedelta

        new = await keys.rotate(None, key_id, timedelta(minutes=overlap_minutes))
        typer.echo(f"{new.key.id} {new.secret}")

    _work(work, data)


@commands.command()
def revoke(key_id: Id, data: Data = None) -> None:
    """End a key at once."""

    async def work(keys: "Keys") -> None:
        await keys.revoke(None, key_id)

    _work(work, data)


def _line(key: "ApiKey") -> str:
    said = {"until": key.expires_at, "used": key.last_used_at, "revoked": key.revoked_at}
    moments = "".join(f" {word}={_text(moment)}" for word, moment in said.items() if moment is not None)
    replaced = f" replaced-by={key.replaced_by}" if key.replaced_by is not None else ""
    return f"{key.id} {','.join(key.scopes) or '-'}{moments}{replaced} {key.name}"


def _text(moment: "datetime") -> str:
    from shinsatsu.domain.timestamps import to_text

    return to_text(moment)


def _work(work: "Callable[[Keys], Awaitable[None]]", data: Path | None) -> None:
    from shinsatsu.administration.database import on_keys
    from shinsatsu.cli import run_command

    run_command(lambda settings: on_keys(settings, work), data)
