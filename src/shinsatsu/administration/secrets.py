"""`shinsatsu secret rotate`: a new secret for the server, while what the older ones signed goes on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:  # each command imports what it works with when it runs
    from shinsatsu.settings import Settings

commands = typer.Typer(help="The server's own secret (docs/self-hosting.md).", no_args_is_help=True)


@commands.callback()
def secret() -> None:
    """The server's own secret (docs/self-hosting.md)."""


@commands.command()
def rotate(
    keep: Annotated[
        int | None, typer.Option(min=0, max=100, help="How many older ones stay believed; default: all of them.")
    ] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Folder of the generated secrets.")] = None,
) -> None:
    """Put a new secret first; running servers take it up when they are started anew. Links and grants stay good."""
    from shinsatsu.cli import run_command

    async def work(settings: "Settings") -> int:
        from shinsatsu.secret_file import SecretFileError, rotate_secret
        from shinsatsu.settings import make_data_folder, secret_file

        if settings.secret is not None:
            raise SecretFileError(
                "SHINSATSU_SECRET is set: put its value first in SHINSATSU_OLD_SECRETS, and a new one "
                "(`openssl rand -base64 48`) into SHINSATSU_SECRET"
            )
        make_data_folder(settings.data_dir)
        secrets = rotate_secret(secret_file(settings), keep)
        typer.echo(f"A new secret signs from the next start on; older ones still believed: {len(secrets) - 1}.")
        return 0

    run_command(work, data)
