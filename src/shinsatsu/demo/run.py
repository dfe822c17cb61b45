"""`shinsatsu demo`: a clinic on this machine, with everything it needs, until Ctrl-C."""

import asyncio
import contextlib
import os
import shutil
import socket
import sys
import tempfile
import webbrowser
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from shinsatsu.administration.database import migrate_database
from shinsatsu.bootstrap.server import Server, build
from shinsatsu.demo import clinic
from shinsatsu.demo.ready import Ready
from shinsatsu.demo.sfu_child import APP_ID, SfuChild, start_sfu
from shinsatsu.domain.credentials import LinkState
from shinsatsu.domain.roles import AuthUser, UserType
from shinsatsu.lan import lan_addresses, make_certificate
from shinsatsu.serving import CannotStart, configure_logging, listen, make_server, run, stop_on_signals
from shinsatsu.settings import Settings, make_data_folder, read_settings
from shinsatsu.supervisor import ChildFailed, Supervisor

LINK_SECONDS = 12 * 3600
PATIENT_SECONDS = 20
"""How long the synthetic patient may take to come in before the links are shown."""
LINK_VARIABLE = "SHINSATSU_PATIENT_LINK"
SEEDER = AuthUser(UserType.SYSTEM, 0, None, "demo")


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """The command's options."""

    port: int
    data: Path | None
    open_browser: bool
    as_json: bool
    with_patient: bool
    lan: bool
    plain_sfu: bool = False


async def run_demo(options: DemoOptions) -> int:
    """Runs until told to stop; returns the exit status. Raises `CannotStart`."""
    configure_logging("warning")
    stop = asyncio.Event()
    stop_on_signals(stop)
    with data_folder(options.data) as data:
        addresses = _addresses(options)
        sockets = _listen(addresses, options.port)
        scheme = "https" if options.lan else "http"
        base_url = f"{scheme}://{addresses[0]}:{sockets[0].getsockname()[1]}"
        try:
            sfu = await start_sfu(addresses, plain=options.plain_sfu)
        except ChildFailed as failed:
            raise CannotStart(str(failed)) from failed
        try:
            await _serve(options, _settings(options, data, base_url, sfu), sfu, sockets, stop)
        finally:
            await sfu.supervisor.stop()
    return 0


@contextlib.contextmanager
def data_folder(given: Path | None) -> Iterator[Path]:
    """The folder that was named, kept; or one that is gone at the end."""
    if given is not None:
        make_data_folder(given)
        yield given
        return
    made = Path(tempfile.mkdtemp(prefix="shinsatsu-demo-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


async def _serve(
    options: DemoOptions, settings: Settings, sfu: SfuChild, sockets: list[socket.socket], stop: asyncio.Event
) -> None:
    await migrate_database(settings)
    services = build(settings)
    certificate, key = settings.tls_certificate, settings.tls_key
    server = make_server(services.app, certificate=certificate, key=key)
    async with contextlib.AsyncExitStack() as children:

        async def when_ready() -> None:
            ready = await _open_clinic(services, settings, sfu)
            if options.with_patient:
                patient = ready.links["patient"]
                await children.enter_async_context(_synthetic_patient(patient, certificate))
                ready = replace(ready, links={**ready.links, "patient": await _another(services, patient, ready)})
            _announce(options, ready)

        await run(server, sockets, stop, when_ready=when_ready, before_stop=services.hub.stop)


async def _open_clinic(services: Server, settings: Settings, sfu: SfuChild) -> Ready:
    """Makes people, the day's appointments and a link for each role."""
    now = datetime.now(UTC)
    await services.appointments.put_people(clinic.people())
    ids = tuple(clinic.appointment_id(booking, number, now) for number, booking in enumerate(clinic.DAY, 1))
    sessions = []
    for appointment_id, booking in zip(ids, clinic.DAY, strict=True):
        view = await services.appointments.put(SEEDER, appointment_id, clinic.appointment_details(booking, now))
        sessions.append(view.session.id)
    first, other = clinic.DAY[0], clinic.DAY[1]
    wanted = {
        "patient": (sessions[0], UserType.PATIENT, first.patient),
        "doctor": (sessions[0], UserType.WORKER, first.doctor),
        "supportDoctor": (sessions[0], UserType.WORKER, clinic.SUPPORT_DOCTOR),
        "operator": (sessions[0], UserType.WORKER, clinic.OPERATOR.user_id),
        "admin": (sessions[0], UserType.WORKER, clinic.ADMIN.user_id),
        "otherPatient": (sessions[1], UserType.PATIENT, other.patient),
        "otherDoctor": (sessions[1], UserType.WORKER, other.doctor),
    }
    workers = {
        "doctor": first.doctor,
        "operator": clinic.OPERATOR.user_id,
        "admin": clinic.ADMIN.user_id,
    }
    lifetime = timedelta(seconds=LINK_SECONDS)
    console_links = {
        name: await services.console_link((UserType.WORKER, user_id), lifetime) for name, user_id in workers.items()
    }
    links = {name: await _link(services, *whom) for name, whom in wanted.items()}
    return Ready(
        base_url=settings.public_url,
        api_key=await services.make_key("demo"),
        sfu_url=sfu.url,
        sfu_app_id=APP_ID,
        sfu_app_secret=sfu.app_secret,
        appointment_ids=ids,
        first_session_id=sessions[0],
        links=links,
        console_links=console_links,
    )


async def _link(services: Server, session_id: str, user_type: UserType, user_id: int) -> str:
    minted = await services.links.mint(SEEDER, session_id, user_type, user_id)
    return services.link_url(session_id, minted.token)


async def _another(services: Server, link: str, ready: Ready) -> str:
    """The patient's next link, once the synthetic patient used theirs: sooner it would take that one back."""
    session_id = ready.first_session_id
    for _ in range(PATIENT_SECONDS * 10):
        if any(one.state is LinkState.USED for one in await services.links.list(SEEDER, session_id)):
            return await _link(services, session_id, UserType.PATIENT, clinic.DAY[0].patient)
        await asyncio.sleep(0.1)
    return link


def _announce(options: DemoOptions, ready: Ready) -> None:
    if options.as_json:
        sys.stdout.write(ready.line() + "\n")
        sys.stdout.flush()
    else:
        ready.show()
        if options.lan:
            _show_code(ready)
    if options.open_browser:
        for name in ("patient", "doctor"):
            webbrowser.open(ready.links[name])


@contextlib.asynccontextmanager
async def _synthetic_patient(link: str, certificate: Path | None) -> AsyncIterator[None]:
    """A patient who joins by the link."""

    async def started() -> bool:
        return True

    arguments = ["--certificate", str(certificate)] if certificate else []
    # Not as an argument: everybody on this machine can read those.
    environment = {**os.environ, LINK_VARIABLE: link}
    patient = Supervisor(
        "the synthetic patient", "shinsatsu.media.synthetic_patient", arguments, environment, started, restart=False
    )
    await patient.start(5)
    try:
        yield
    finally:
        await patient.stop()


def _settings(options: DemoOptions, data: Path, base_url: str, sfu: SfuChild) -> Settings:
    certificate, key = make_certificate(data, _addresses(options)) if options.lan else (None, None)
    return read_settings(
        data_dir=data,
        database_url="",  # whatever `.env` names: invented people do not belong into a clinic's database
        base_url=base_url,
        tls_certificate=certificate,
        tls_key=key,
        sfu_url=sfu.url,
        sfu_app_id=APP_ID,
        sfu_app_secret=SecretStr(sfu.app_secret),
        link_ttl=LINK_SECONDS,
        exchange_rate="6000/minute",
        console_links=True,
        clinic_name=clinic.NAME,
        clinic_phone=clinic.PHONE,
        clinic_after_text=clinic.AFTER_TEXT,
    )


def _addresses(options: DemoOptions) -> list[str]:
    """Where to listen; the first is what links name."""
    if not options.lan:
        return ["127.0.0.1"]
    found = lan_addresses()
    if not found:
        raise CannotStart("--lan: this machine has no address on a local network")
    return [found[0], "127.0.0.1"]


def _listen(addresses: list[str], port: int) -> list[socket.socket]:
    """One socket for each address, all on one port."""
    sockets: list[socket.socket] = []
    try:
        for address in addresses:
            sockets.append(listen(address, sockets[0].getsockname()[1] if sockets else port))
    except OSError as error:
        for made in sockets:
            made.close()
        raise CannotStart(f"--port {port}: {error.strerror}; another port: shinsatsu demo --port 0") from error
    return sockets


def _show_code(ready: Ready) -> None:
    """The patient's link as a QR code, for a phone's camera."""
    import qrcode

    code = qrcode.QRCode(border=1)
    code.add_data(ready.links["patient"])
    code.print_ascii(invert=True)
