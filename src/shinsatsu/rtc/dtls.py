"""DTLS-SRTP (RFC 5764) on pyOpenSSL, without a socket: datagrams in and out. No clock but OpenSSL's own timer."""

import contextlib
import datetime
import hmac
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

from shinsatsu.rtc.parameters import DtlsFingerprint, DtlsRole
from shinsatsu.rtc.srtp import PROFILES, SrtpKeys

DtlsState = Literal["new", "connecting", "connected", "failed", "closed"]

_MTU = 1200
_DTLS_1_2 = 0xFEFD
_RECORD_HEADER = 13
_MODE_RELEASE_BUFFERS = 0x10  # 10 KB less a session
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha-256": hashes.SHA256,
    "sha-384": hashes.SHA384,
    "sha-512": hashes.SHA512,
}


class Certificate:
    """A self-signed ECDSA P-256 certificate and the OpenSSL context every session with it shares."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self.fingerprint = _fingerprint(certificate, "sha-256")
        self.context = SSL.Context(SSL.DTLS_METHOD)
        self.context.set_min_proto_version(_DTLS_1_2)
        self.context.set_max_proto_version(_DTLS_1_2)
        self.context.set_mode(_MODE_RELEASE_BUFFERS)
        self.context.set_options(SSL.OP_NO_QUERY_MTU | SSL.OP_NO_RENEGOTIATION)
        # Certificates are self-signed: whoever connects is judged by the fingerprint of the SDP, see DtlsSession.
        self.context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
        self.context.use_certificate(certificate)
        self.context.use_privatekey(key)
        self.context.set_tlsext_use_srtp(b":".join(PROFILES))

    @classmethod
    def generate(cls) -> "Certificate":
        """Makes a key and a certificate valid from yesterday for 30 days; a process keeps it for its life."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "WebRTC")])
        today = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(today - datetime.timedelta(days=1))
            .not_valid_after(today + datetime.timedelta(days=30))
            .sign(key, hashes.SHA256())
        )
        return cls(key, certificate)


class DtlsSession:
    """One handshake and what follows it; every method returns the datagrams to send, in order.

    `srtp_keys` is set only once the handshake is complete and the peer's certificate has the fingerprint `remote`;
    a wrong fingerprint, an alert or no common SRTP profile makes the state "failed" with a reason in `failure`.
    """

    def __init__(self, certificate: Certificate, role: DtlsRole, remote: DtlsFingerprint) -> None:
        self.state: DtlsState = "new"
        self.failure = ""
        self.srtp_keys: SrtpKeys | None = None
        self._role = role
        self._remote = remote
        self._ssl = SSL.Connection(certificate.context, None)
        self._ssl.set_ciphertext_mtu(_MTU)
        if role == "client":
            self._ssl.set_connect_state()
        else:
            self._ssl.set_accept_state()

    def start(self) -> list[bytes]:
        """Begins the handshake: a client sends its hello, a server waits for one."""
        self.state = "connecting"
        return self._advance()

    def receive(self, datagram: bytes) -> list[bytes]:
        """Takes a DTLS datagram of the peer; garbage is ignored (RFC 6347 section 4.1.2.7)."""
        if self.state not in ("connecting", "connected"):
            return []
        self._ssl.bio_write(datagram)
        return self._advance()

    def timeout(self) -> float | None:
        """Seconds until `handle_timeout` is due, None if no flight is waiting."""
        return self._ssl.DTLSv1_get_timeout() if self.state == "connecting" else None

    def handle_timeout(self) -> list[bytes]:
        """Sends the last flight again if its time has come."""
        try:
            self._ssl.DTLSv1_handle_timeout()
        except SSL.Error as error:
            self._fail(f"handshake timed out: {_reason(error)}")
        return self._flush()

    def close(self) -> list[bytes]:
        """Says close_notify if the session is up. Idempotent."""
        if self.state == "connected":
            with contextlib.suppress(SSL.Error):  # the peer ended with an error before: nothing more to say to it
                self._ssl.shutdown()
        self.state = "closed"
        return self._flush()

    def _advance(self) -> list[bytes]:
        try:
            if self.state == "connecting":
                self._ssl.do_handshake()
                self._complete()
            while self.state == "connected":  # every record of it, or they would pile up; WantReadError ends it
                self._ssl.recv(1500)
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.state = "closed"
        except SSL.Error as error:
            self._fail(_reason(error))
        return self._flush()

    def _complete(self) -> None:
        peer = self._ssl.get_peer_certificate(as_cryptography=True)
        if peer is None or not _matches(peer, self._remote):
            self._fail("the certificate is not the one whose fingerprint the SDP gave")
            return
        profile = self._ssl.get_selected_srtp_profile()
        if profile not in PROFILES:
            self._fail("no common SRTP profile")
            return
        key_size, salt_size = PROFILES[profile].key_size, PROFILES[profile].salt_size
        material = self._ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * (key_size + salt_size))
        keys, salts = material[: 2 * key_size], material[2 * key_size :]
        client = keys[:key_size] + salts[:salt_size]
        server = keys[key_size:] + salts[salt_size:]
        local, remote = (client, server) if self._role == "client" else (server, client)
        self.srtp_keys = SrtpKeys(profile, local, remote)
        self.state = "connected"

    def _fail(self, reason: str) -> None:
        self.state = "failed"
        self.failure = reason

    def _flush(self) -> list[bytes]:
        try:
            return _datagrams(self._ssl.bio_read(65536))
        except SSL.WantReadError:
            return []


def _datagrams(records: bytes) -> list[bytes]:
    """Cuts what OpenSSL wrote at record boundaries into datagrams of at most the MTU."""
    datagrams: list[bytes] = []
    start = position = 0
    while position + _RECORD_HEADER <= len(records):
        end = position + _RECORD_HEADER + int.from_bytes(records[position + 11 : position + 13], "big")
        if end - start > _MTU and position > start:
            datagrams.append(records[start:position])
            start = position
        position = end
    if start < len(records):
        datagrams.append(records[start:])
    return datagrams


def _fingerprint(certificate: x509.Certificate, algorithm: str) -> DtlsFingerprint:
    digest = certificate.fingerprint(_HASHES[algorithm]())
    return DtlsFingerprint(algorithm, digest.hex(":").upper())


def _matches(certificate: x509.Certificate, expected: DtlsFingerprint) -> bool:
    algorithm = expected.algorithm.lower()
    if algorithm not in _HASHES:
        return False
    return hmac.compare_digest(_fingerprint(certificate, algorithm).value, expected.value.upper())


def _reason(error: SSL.Error) -> str:
    first = error.args[0] if error.args else None
    return str(first[0][-1]) if isinstance(first, list) and first else type(error).__name__
