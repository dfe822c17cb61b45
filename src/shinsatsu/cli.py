"""The `shinsatsu` command. Each part is imported when it is asked for: the SFU's process loads no web framework."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from shinsatsu.administration.audit import commands as audit_commands
from shinsatsu.administration.keys import commands as key_commands
from shinsatsu.administration.keys import make as make_key
from shinsatsu.administration.secrets import commands as secret_commands
from shinsatsu.administration.users import commands as user_commands
from shinsatsu.administration.webhooks import commands as webhook_commands

if TYPE_CHECKING:
    from shinsatsu.settings import Settings

app = typer.Typer(
    help="Online medical consultations: who may do what, media that obeys, and the proof of it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("key")(make_key)
app.add_typer(key_commands, name="keys")
app.add_typer(secret_commands, name="secret")
app.add_typer(webhook_commands, name="webhooks")
app.add_typer(user_commands, name="user")
app.add_typer(audit_commands, name="audit")

WEAKEST_SFU_SECRET_BYTES = 32
Data = Annotated[Path | None, typer.Option("--data", help="Folder of the database and of generated secrets.")]


@app.command()
def serve() -> None:
    """Run the server as the environment and `.env` say (SHINSATSU_…); insecure combinations are refused."""
    from shinsatsu.serve import serve_forever
    from shinsatsu.settings import read_settings
    from shinsatsu.settings_check import checked

    raise typer.Exit(_run(lambda: serve_forever(checked(read_settings()))))


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="HTTP port; 0 takes any free one.", min=0, max=65535)] = 8000,
    data: Annotated[
        Path | None, typer.Option(help="Folder to keep the data in; without it they go at the end.")
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the patient's and the doctor's link.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line on standard output when ready.")] = False,
    with_patient: Annotated[bool, typer.Option(help="A synthetic patient joins by itself.")] = False,
    lan: Annotated[bool, typer.Option(help="HTTPS on the local network too, so that a phone can try.")] = False,
    plain_sfu: Annotated[bool, typer.Option("--plain-sfu", help="An SFU without extensions, as Cloudflare's.")] = False,
) -> None:
    """Start a demo clinic on this machine and print a link for each role. Ctrl-C ends it."""
    from shinsatsu.demo.run import DemoOptions, run_demo

    options = DemoOptions(port, data, open_browser, as_json, with_patient, lan, plain_sfu)
    raise typer.Exit(_run(lambda: run_demo(options)))


@app.command()
def sfu(
    http_port: Annotated[int, typer.Option(help="Port of the Calls API.", min=0, max=65535)] = 8081,
    udp_port: Annotated[int, typer.Option(help="The one port of all media.", min=0, max=65535)] = 8082,
    http_host: Annotated[str, typer.Option(help="Address of the Calls API.")] = "127.0.0.1",
    bind: Annotated[list[str] | None, typer.Option(help="Address to receive media on; may be repeated.")] = None,
    advertise: Annotated[list[str] | None, typer.Option(help="IP[:PORT] to name to browsers; may be repeated.")] = None,
    plain: Annotated[bool, typer.Option("--plain", help="No extensions, as Cloudflare has none.")] = False,
) -> None:
    """Run the SFU alone (SHINSATSU_SFU_APP_ID, SHINSATSU_SFU_APP_SECRET)."""
    _refuse_a_weak_sfu(http_host)
    arguments = ["--http-port", str(http_port), "--udp-port", str(udp_port), "--http-host", http_host]
    for address in bind or []:
        arguments += ["--bind", address]
    for address in advertise or []:
        arguments += ["--advertise", address]
    if plain:
        arguments.append("--plain")
    from shinsatsu.sfu.server import main

    raise typer.Exit(main(arguments))


@app.command()
def migrate(data: Data = None) -> None:
    """Bring the database to the present version; `serve` and `demo` do it themselves on SQLite."""
    from shinsatsu.administration.database import migrate_database
    from shinsatsu.settings import read_settings

    raise typer.Exit(_run(lambda: migrate_database(read_settings(**_given(data)))))


@app.command()
def link(
    session_id: Annotated[str, typer.Argument(help="The video session's id.")],
    user_type: Annotated[str, typer.Argument(help="patient or worker")],
    user_id: Annotated[int, typer.Argument(min=1)],
    api_key: Annotated[str, typer.Option(envvar="SHINSATSU_API_KEY", help="An API key (`shinsatsu key`).")],
    url: Annotated[str, typer.Option(help="Address of the running server.")] = "http://127.0.0.1:8000",
) -> None:
    """Print a fresh consultation link for one person of a session."""
    from shinsatsu.administration.links import LinkRefused, mint

    try:
        typer.echo(mint(url.rstrip("/"), api_key, session_id, user_type, user_id))
    except LinkRefused as refused:
        _fail(str(refused))


def run_command(work: "Callable[[Settings], Coroutine[Any, Any, int]]", data: Path | None) -> NoReturn:
    """Runs the work of a command that lives elsewhere, and leaves with its exit status."""
    from shinsatsu.settings import read_settings

    raise typer.Exit(_run(lambda: work(read_settings(**_given(data)))))


def _given(data: Path | None) -> dict[str, Path]:
    return {"data_dir": data} if data else {}


def _refuse_a_weak_sfu(http_host: str) -> None:
    """Beyond this machine the secret alone keeps strangers out; on loopback a short one does no harm."""
    import ipaddress
    import os

    try:
        loopback = ipaddress.ip_address(http_host).is_loopback
    except ValueError:
        _fail(f"--http-host {http_host} is no IP address")
    if not loopback and len(os.environ.get("SHINSATSU_SFU_APP_SECRET", "").encode()) < WEAKEST_SFU_SECRET_BYTES:
        _fail(
            f"SHINSATSU_SFU_APP_SECRET is missing or shorter than {WEAKEST_SFU_SECRET_BYTES} bytes, and --http-host "
            f"{http_host} is open to others: make one with `openssl rand -base64 48`"
        )


def _run(main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Runs a server on uvloop; what stops it from starting is one line."""
    import asyncio
    import os

    from shinsatsu.domain.errors import ShinsatsuError
    from shinsatsu.secret_file import SecretFileError
    from shinsatsu.serving import CannotStart, loop_factory
    from shinsatsu.settings import SettingsRefused

    os.umask(0o077)  # the database and its journals are for nobody else
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(main())
    except (CannotStart, SettingsRefused, SecretFileError, ShinsatsuError) as reason:
        _fail(str(reason))
    except KeyboardInterrupt:
        return 130


def _fail(sentence: str) -> NoReturn:
    typer.echo(f"shinsatsu: {sentence}", err=True)
    raise typer.Exit(1)
