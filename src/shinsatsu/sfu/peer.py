"""The other side of a peer connection as its descriptions show it: ICE credentials, certificate and DTLS role."""

from dataclasses import dataclass

from shinsatsu.rtc.parameters import DtlsFingerprint, DtlsRole
from shinsatsu.rtc.sdp import MediaDescription, SessionDescription
from shinsatsu.sfu.errors import InvalidDescription

_HASHES = ("sha-256", "sha-384", "sha-512")


@dataclass(frozen=True, slots=True)
class Peer:
    """What stays for the life of a session (RFC 8842); a change means a new session."""

    username_fragment: str
    fingerprint: DtlsFingerprint
    our_role: DtlsRole


def read_peer(description: SessionDescription, before: Peer | None, *, offering: bool) -> Peer:
    """Reads the peer out of its offer or answer and checks that it is still the one it was.

    One transport is enough for all: BUNDLE and rtcp-mux are required. Raises InvalidDescription.
    """
    active = [media for media in description.media if not media.rejected]
    for media in active:
        _check_transport(media, bundled=len(active) == 1 or media.mid in description.bundle)
    if not active:
        if before is None:
            raise InvalidDescription("every m-line is rejected")
        return before
    first = active[0]
    if first.ice is None:
        raise InvalidDescription("a=ice-ufrag and a=ice-pwd are missing")
    now = Peer(first.ice.username_fragment, _fingerprint(first), _our_role(first, before, offering=offering))
    if before is not None and now != before:
        raise InvalidDescription("ICE credentials, certificate or DTLS role changed: make a new session")
    return now


def _check_transport(media: MediaDescription, *, bundled: bool) -> None:
    if media.mid is None:
        raise InvalidDescription(f"an m-line ({media.kind}) has no a=mid")
    if not bundled:
        raise InvalidDescription(f"mid {media.mid!r} is not in the BUNDLE group")
    if media.kind in ("audio", "video"):
        if not media.rtcp_mux:
            raise InvalidDescription(f"mid {media.mid!r} has no a=rtcp-mux")
        if media.protocol not in ("UDP/TLS/RTP/SAVPF", "TCP/TLS/RTP/SAVPF", "RTP/SAVPF"):
            raise InvalidDescription(f"mid {media.mid!r} is not RTP over DTLS")


def _fingerprint(media: MediaDescription) -> DtlsFingerprint:
    for algorithm in _HASHES:
        for fingerprint in media.fingerprints:
            if fingerprint.algorithm == algorithm:
                return fingerprint
    raise InvalidDescription("a=fingerprint with sha-256 is missing")


def _our_role(media: MediaDescription, before: Peer | None, *, offering: bool) -> DtlsRole:
    if media.setup == "active":
        return "server"
    if media.setup == "passive":
        return "client"
    if media.setup == "actpass" and offering:
        return before.our_role if before is not None else "server"
    raise InvalidDescription("a=setup is missing, or not possible here")
