"""`shinsatsu webhooks`: the endpoints that are told of sessions; works on the database, with or without a server."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:  # each command imports what it works with when it runs
    from shinsatsu.service.webhook_repository import EndpointState
    from shinsatsu.service.webhooks import Webhooks

commands = typer.Typer(help="Other systems that are told of sessions (docs/webhooks.md).", no_args_is_help=True)
Data = Annotated[Path | None, typer.Option("--data", help="Folder of the database and of generated secrets.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The endpoint's id (`shinsatsu webhooks list`).")]


@commands.command("list")
def list_endpoints(data: Data = None) -> None:
    """List the endpoints with what is pending and what was given up."""

    async def work(webhooks: "Webhooks") -> None:
        for state in await webhooks.endpoints(None):
            typer.echo(_line(state))

    _work(work, data)


@commands.command()
def add(
    url: Annotated[str, typer.Argument(help="An https address.")],
    types: Annotated[
        list[str] | None, typer.Option("--type", help="A type, such as session.ended; may be repeated; default: all.")
    ] = None,
    data: Data = None,
) -> None:
    """Add an endpoint and print its id and its secret, this once."""

    async def work(webhooks: "Webhooks") -> None:
        from shinsatsu.domain.errors import InvalidRequest
        from shinsatsu.domain.webhooks import WebhookType

        unknown = set(types or ()) - set(WebhookType)
        if unknown:
            raise InvalidRequest(f"--type {min(unknown)} is none of {', '.join(WebhookType)}.")
        state, secret = await webhooks.add(None, url, [WebhookType(one) for one in types] if types else None)
        typer.echo(f"{state.endpoint.id} {secret}")

    _work(work, data)


@commands.command()
def rotate(endpoint_id: Id, data: Data = None) -> None:
    """Give an endpoint a new secret and print it; the old one signs too for 24 hours."""

    async def work(webhooks: "Webhooks") -> None:
        _, secret = await webhooks.rotate(None, endpoint_id)
        typer.echo(secret)

    _work(work, data)


@commands.command()
def remove(endpoint_id: Id, data: Data = None) -> None:
    """Remove an endpoint; what was still to be delivered is not."""

    async def work(webhooks: "Webhooks") -> None:
        await webhooks.remove(None, endpoint_id)

    _work(work, data)


@commands.command()
def replay(
    since: Annotated[
        str | None, typer.Option(help="Everything since then (2026-11-23T05:30:00Z); default: what was given up.")
    ] = None,
    endpoint: Annotated[str | None, typer.Option(help="One endpoint's id; default: every endpoint.")] = None,
    data: Data = None,
) -> None:
    """Deliver messages again; an endpoint that was disabled is opened again if it is named."""
    moment = _moment(since)

    async def work(webhooks: "Webhooks") -> None:
        states = await webhooks.endpoints(None)
        ids = [endpoint] if endpoint else [one.endpoint.id for one in states if one.endpoint.disabled_at is None]
        for endpoint_id in ids:
            typer.echo(f"{endpoint_id} {await webhooks.replay(None, endpoint_id, moment)}")

    _work(work, data)


def _line(state: "EndpointState") -> str:
    endpoint = state.endpoint
    counts = f"pending={state.pending} failed={state.failed}"
    disabled = " disabled" if endpoint.disabled_at else ""
    return f"{endpoint.id} {endpoint.url} {counts}{disabled} {','.join(sorted(endpoint.types))}"


def _moment(since: str | None) -> datetime | None:
    from shinsatsu.domain.timestamps import from_text

    if since is None:
        return None
    try:
        return from_text(since)
    except ValueError:
        raise typer.BadParameter("write it like 2026-11-23T05:30:00Z", param_hint="--since") from None


def _work(work: "Callable[[Webhooks], Awaitable[None]]", data: Path | None) -> None:
    from shinsatsu.administration.database import on_webhooks
    from shinsatsu.cli import run_command

    run_command(lambda settings: on_webhooks(settings, work), data)
