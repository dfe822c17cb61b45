"""`shinsatsu user`: the clinic's workers and how they log in; works on the database, with or without a server."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:  # each command imports what it works with when it runs
    from shinsatsu.domain.roles import UserKey
    from shinsatsu.service.people import Member, Setup
    from shinsatsu.service.staff_access import StaffAccess
    from shinsatsu.settings import Settings

commands = typer.Typer(help="The clinic's workers and how they log in.", no_args_is_help=True)
Data = Annotated[Path | None, typer.Option("--data", help="Folder of the database and of generated secrets.")]
Id = Annotated[int, typer.Argument(metavar="ID", min=1, help="The worker's number (`shinsatsu user list`).")]


class Role(StrEnum):
    """What a worker is."""

    DOCTOR = "doctor"
    OPERATOR = "operator"
    ADMIN = "admin"


@commands.command("list")
def list_users(data: Data = None) -> None:
    """List the workers: number, role, login name, name, and what there is to know."""

    async def work(staff: "StaffAccess", _: "Settings") -> None:
        from shinsatsu.service.people import COMMAND_LINE

        for member in await staff.people.find(COMMAND_LINE):
            typer.echo(_line(member))

    _work(work, data)


@commands.command()
def add(
    display_name: Annotated[str, typer.Argument(help="The name that others see.")],
    role: Annotated[Role, typer.Option(help="What they may do.")],
    login_name: Annotated[str | None, typer.Option(help="What they log in with; default: none.")] = None,
    user_id: Annotated[
        int | None, typer.Option("--id", min=1, help="The number that the booking system knows them by.")
    ] = None,
    data: Data = None,
) -> None:
    """Add a worker; with --login-name, print the one-time link that sets their password."""

    async def work(staff: "StaffAccess", settings: "Settings") -> None:
        from shinsatsu.domain.roles import WorkerRole
        from shinsatsu.service.people import COMMAND_LINE, WorkerDetails

        details = WorkerDetails(display_name, WorkerRole(role), login_name)
        key, setup = await staff.people.add(COMMAND_LINE, details, user_id)
        typer.echo(f"worker {key[1]}", err=True)
        if setup is not None:
            _print(setup, settings)

    _work(work, data)


@commands.command()
def reset(
    user_id: Id,
    login_name: Annotated[str | None, typer.Option(help="Their login name from now on.")] = None,
    data: Data = None,
) -> None:
    """End a worker's logins, drop password and second factors, and print a link that sets new ones."""

    async def work(staff: "StaffAccess", settings: "Settings") -> None:
        from shinsatsu.service.people import COMMAND_LINE, WorkerDetails

        if login_name is not None:
            await staff.people.change(COMMAND_LINE, _key(user_id), WorkerDetails(login_name=login_name))
        _print(await staff.people.reset(COMMAND_LINE, _key(user_id)), settings)

    _work(work, data)


@commands.command()
def disable(user_id: Id, data: Data = None) -> None:
    """Disable an account: its logins, streams and calls end, on a server that runs within a second."""

    async def work(staff: "StaffAccess", _: "Settings") -> None:
        from shinsatsu.service.people import COMMAND_LINE

        await staff.accounts.disable(COMMAND_LINE, _key(user_id))

    _work(work, data)


@commands.command()
def enable(user_id: Id, data: Data = None) -> None:
    """Open an account again; what was ended stays ended."""

    async def work(staff: "StaffAccess", _: "Settings") -> None:
        from shinsatsu.service.people import COMMAND_LINE

        await staff.accounts.enable(COMMAND_LINE, _key(user_id))

    _work(work, data)


def _line(member: "Member") -> str:
    person, account = member.of.person, member.of.account
    said = {
        "disabled": person.blocked,
        "locked": member.locked_until is not None,
        "no login name": account is None,
        "setup pending": account is not None and account.setup_hash is not None,
        "app": account is not None and account.totp_sealed is not None,
        f"passkeys: {member.of.passkeys}": member.of.passkeys > 0,
    }
    notes = ", ".join(note for note, holds in said.items() if holds)
    name = account.login_name if account else "-"
    return f"{person.user_id}\t{person.role}\t{name}\t{person.display_name}\t{notes}".rstrip()


def _key(user_id: int) -> "UserKey":
    from shinsatsu.domain.roles import UserType

    return (UserType.WORKER, user_id)


def _print(setup: "Setup", settings: "Settings") -> None:
    """The link alone goes to standard output, for whoever hands it over."""
    from shinsatsu.api.users import setup_url

    typer.echo(setup_url(settings.public_url, setup.token))


def _work(work: "Callable[[StaffAccess, Settings], Awaitable[None]]", data: Path | None) -> None:
    from shinsatsu.administration.database import on_staff
    from shinsatsu.cli import run_command

    run_command(lambda settings: on_staff(settings, lambda staff: work(staff, settings)), data)
