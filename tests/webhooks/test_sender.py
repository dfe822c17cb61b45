"""Where the sender goes and where it does not: real sockets, with name resolution as an argument."""

import asyncio
import ipaddress
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shinsatsu.domain.errors import DeliveryFailed, InvalidRequest
from shinsatsu.webhooks.addresses import is_public, parse
from shinsatsu.webhooks.sender import SafeSender
from tests.webhooks.receiver import Received, Receiver, receiving

PRIVATE = (
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1"),  # noqa: S104
    *("169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "198.18.0.1", "203.0.113.9", "192.0.2.1"),
    *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.88.99.1", "168.63.129.16"),
    *("::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1"),
    *("fd00:ec2::254", "fec0::1", "ff02::1", "ff0e::1", "2001:db8::1", "3fff::1", "2002:7f00:1::", "2001::1"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "5f00::1", "4000::1"),
)
PUBLIC = ("8.8.8.8", "93.184.215.14", "2606:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8", "64:ff9b::808:808")


class Names:
    """A name server that answers each question with the next of its answers, and the last one from then on."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as running:
        yield running


def port_of(receiver: Receiver) -> int:
    return int(receiver.url.split(":")[2].split("/")[0])


async def refusal(sender: SafeSender, url: str) -> str:
    """Why nothing was delivered."""
    try:
        with pytest.raises(DeliveryFailed) as caught:
            await sender.post(url, b"{}", {})
    finally:
        await sender.aclose()
    return caught.value.reason


@pytest.mark.parametrize("text", PRIVATE)
def test_addresses_that_are_nobodys_on_the_internet(text: str) -> None:
    assert not is_public(parse(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_addresses_that_are_somebodys(text: str) -> None:
    assert is_public(parse(text))


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.com/", "ftp://example.com/", "//example.com/", "example.com", "https:///x", "https://"),
        *("https://a:b@example.com/", "https://example.com@evil.example/", "https://example.com/#x"),
        *("https://example.com:22/", "https://example.com:99999/", "https://example.com:x/"),
        *("https://exa mple.com/", "https://example.com/\r\nHost: x", "https://例え.jp/", "https://example.com\\@x/"),
        *("https://127.0.0.1/", "https://10.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[::1/"),
        *("https://169.254.169.254/latest/meta-data", "https://example.com/" + "x" * 2048),
    ],
)
async def test_urls_that_are_refused_when_they_are_typed_in(url: str) -> None:
    sender = SafeSender()
    with pytest.raises(InvalidRequest) as caught:
        sender.check(url)
    assert caught.value.field == "url"
    await sender.aclose()


@pytest.mark.parametrize("address", PRIVATE)
async def test_a_name_that_resolves_to_a_private_address_is_not_connected_to(address: str) -> None:
    assert await refusal(SafeSender(resolve=Names([address])), "https://hook.example/") == "address_refused"


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost", "localhost.", "0177.0.0.1"])
async def test_other_spellings_of_loopback_are_seen_through(host: str) -> None:
    """With this machine's own resolver, which takes the old spellings for addresses."""
    assert await refusal(SafeSender(), f"https://{host}/") in ("address_refused", "connection")


async def test_a_name_that_is_rebound_after_it_was_checked(receiver: Receiver) -> None:
    """Public when it was first looked at, then ours: the answer used for connecting is the one that is judged."""
    names = Names(["93.184.215.14"], ["127.0.0.1"])
    assert await names("hook.example", 443) == ["93.184.215.14"]  # what whoever looks beforehand is told
    sender = SafeSender(resolve=names, ports={port_of(receiver)})
    assert await refusal(sender, f"https://hook.example:{port_of(receiver)}/") == "address_refused"
    assert names.asked == ["hook.example", "hook.example"], "it is resolved once for each connection"
    assert receiver.connections == 0


async def test_of_several_addresses_those_that_are_not_allowed_are_passed_over(receiver: Receiver) -> None:
    sender = SafeSender(resolve=Names(["127.0.0.1", "10.0.0.1", "::1"]), ports={port_of(receiver)})
    assert await refusal(sender, f"https://hook.example:{port_of(receiver)}/") == "address_refused"
    assert receiver.connections == 0
    loopback_alone = SafeSender(allow_private=True, resolve=Names(["192.168.1.1", "127.0.0.1"]))
    assert await loopback_alone.post(f"http://hook.example:{port_of(receiver)}/", b"{}", {}) == 204
    await loopback_alone.aclose()


async def test_plain_http_goes_to_loopback_alone_and_only_by_setting(receiver: Receiver) -> None:
    sender = SafeSender(allow_private=True, resolve=Names(["127.0.0.1"], ["192.168.1.1"], ["8.8.8.8"]))
    url = receiver.url.replace("127.0.0.1", "hook.example")
    assert await sender.post(url, b'{"a":1}', {"webhook-id": "1"}) == 204
    for _ in range(2):
        with pytest.raises(DeliveryFailed, match="address_refused"):
            await sender.post(url, b"{}", {})
    await sender.aclose()
    (request,) = receiver.received
    assert (request.body, request.id) == (b'{"a":1}', "1")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["host"].startswith("hook.example:")


async def test_redirects_are_not_followed(receiver: Receiver) -> None:
    async with receiving() as elsewhere:

        async def redirect(writer: asyncio.StreamWriter, _: Received) -> None:
            writer.write(f"HTTP/1.1 307 X\r\nLocation: {elsewhere.url}\r\nContent-Length: 0\r\n\r\n".encode())

        receiver.answer = redirect
        sender = SafeSender(allow_private=True)
        assert await sender.post(receiver.url, b"{}", {}) == 307
        await sender.aclose()
        assert elsewhere.connections == 0


async def test_an_endpoint_that_hangs_is_given_up(receiver: Receiver) -> None:
    async def hang(_: asyncio.StreamWriter, __: Received) -> None:
        await asyncio.sleep(30)

    receiver.answer = hang
    assert await refusal(SafeSender(allow_private=True, total_timeout=0.2), receiver.url) == "timeout"


async def test_an_endpoint_that_drips_is_given_up(receiver: Receiver) -> None:
    """Each byte comes before any wait for one is over; everything together has its time, too."""

    async def drip(writer: asyncio.StreamWriter, _: Received) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 10_000:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.01)

    receiver.answer = drip
    assert await refusal(SafeSender(allow_private=True, total_timeout=0.3), receiver.url) == "timeout"


async def test_an_answer_without_end_is_not_read(receiver: Receiver) -> None:
    sent = 0

    async def flood(writer: asyncio.StreamWriter, _: Received) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            await writer.drain()
            sent += 0x10000

    receiver.answer = flood
    sender = SafeSender(allow_private=True)
    async with asyncio.timeout(5):
        assert await sender.post(receiver.url, b"{}", {}) == 200
    await sender.aclose()
    assert sent < 16 * 1024 * 1024


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 100_000])
async def test_answers_that_are_none(receiver: Receiver, answer: bytes) -> None:
    async def nonsense(writer: asyncio.StreamWriter, _: Received) -> None:
        writer.write(answer)

    receiver.answer = nonsense
    assert await refusal(SafeSender(allow_private=True), receiver.url) in ("protocol", "connection")


async def test_nobody_listens_and_nobody_is_known() -> None:
    async with receiving() as gone:
        url = gone.url

    async def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError("Name or service not known")

    assert await refusal(SafeSender(allow_private=True), url) == "connection"
    assert await refusal(SafeSender(resolve=unknown), "https://hook.example/") == "connection"


async def test_a_name_server_that_hangs_is_given_up() -> None:
    async def hang(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(30)
        return []

    assert await refusal(SafeSender(resolve=hang, total_timeout=0.1), "https://hook.example/") == "timeout"


async def test_the_machines_own_resolver(receiver: Receiver) -> None:
    sender = SafeSender(allow_private=True)
    assert await sender.post(f"http://localhost:{port_of(receiver)}/", b"{}", {}) == 204
    await sender.aclose()
    assert await refusal(SafeSender(), "https://nobody.invalid/") == "connection"
    assert await refusal(SafeSender(), f"https://{'x' * 64}.example/") == "connection"


def test_a_process_does_not_wait_for_a_name_server_that_hangs() -> None:
    program = """
import asyncio, socket, time
from shinsatsu.domain.errors import DeliveryFailed
from shinsatsu.webhooks.sender import SafeSender
socket.getaddrinfo = lambda *_, **__: time.sleep(60)
async def main():
    try:
        await SafeSender(total_timeout=0.1).post("https://hook.example/", b"{}", {})
    except DeliveryFailed as error:
        print(error.reason)
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True)
    assert (done.stdout, done.stderr) == ("timeout\n", "")


async def test_proxies_of_the_environment_are_not_asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        sender = SafeSender(allow_private=True)
        assert await sender.post(receiver.url, b"{}", {}) == 204
        await sender.aclose()
        assert (proxy.connections, receiver.connections) == (0, 1)


async def test_certificates_are_checked_for_the_name(tmp_path: Path) -> None:
    """The name of the address is what the certificate must be for, not the IP address that was connected to."""
    trusted, server = _tls("hook.example", tmp_path)
    seen = Receiver("")
    listening = await asyncio.start_server(seen.serve, "127.0.0.1", 0, ssl=server)
    port = listening.sockets[0].getsockname()[1]
    sender = SafeSender(allow_private=True, resolve=Names(["127.0.0.1"]), tls=trusted)
    assert await sender.post(f"https://hook.example:{port}/", b"{}", {}) == 204
    with pytest.raises(DeliveryFailed, match="tls"):
        await sender.post(f"https://other.example:{port}/", b"{}", {})
    await sender.aclose()
    strict = SafeSender(allow_private=True, resolve=Names(["127.0.0.1"]))
    assert await refusal(strict, f"https://hook.example:{port}/") == "tls"
    listening.close()
    assert len(seen.received) == 1


def _tls(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A client's context that trusts one certificate, and the server's that shows it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    chain, secret = folder / "cert.pem", folder / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain, secret)
    return ssl.create_default_context(cafile=str(chain)), server


def test_what_parse_reads() -> None:
    assert parse("fe80::1%eth0") == ipaddress.ip_address("fe80::1")
    with pytest.raises(ValueError, match="does not appear"):
        parse("hook.example")
