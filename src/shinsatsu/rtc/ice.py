"""The two ends of ICE we play: the lite agent of the SFU and the controlling agent of our own peers. Pure.

RFC 8445 (sections 2.7 and 7.3), consent freshness RFC 7675. Times are monotonic seconds given by the caller.
"""

import os
import secrets
import string
from collections import OrderedDict
from typing import NamedTuple

from shinsatsu.rtc import stun
from shinsatsu.rtc.parameters import IceParameters
from shinsatsu.rtc.stun import Address, StunMessage

CONSENT_SECONDS = 30.0
DISCONNECTED_SECONDS = 6.0
_REBINDING_SECONDS = 3.0
_MAX_VALIDATED = 16
_HOST_PRIORITY = (126 << 24) | (65535 << 8) | 255
_ICE_CHARACTERS = string.ascii_letters + string.digits


def generate_parameters() -> IceParameters:
    """Fresh credentials: 8 and 24 characters, 47 and 142 random bits (RFC 8445 section 5.3 asks 24 and 128)."""
    return IceParameters(_random_text(8), _random_text(24))


def _random_text(length: int) -> str:
    return "".join(secrets.choice(_ICE_CHARACTERS) for _ in range(length))


class Reply(NamedTuple):
    """What to send back, and whether the request was valid (200) or why not (an error code)."""

    data: bytes
    code: int


class IceLiteAgent:
    """Answers connectivity checks and remembers where the peer may be reached.

    `selected` is the address last nominated, None before; `validated` addresses are those from which a check with the
    right password came, the only ones DTLS is accepted from.
    """

    def __init__(self, local: IceParameters) -> None:
        self.local = local
        self.selected: Address | None = None
        self.consent_at: float | None = None
        self._validated: OrderedDict[Address, float] = OrderedDict()

    def handle_request(self, request: StunMessage, address: Address, now: float) -> Reply:
        """Checks a Binding request (RFC 8445 section 7.3, RFC 8489 section 9.1.3) and follows a nomination."""
        code, reason = self._judge(request)
        if code != 200:
            password = self.local.password if code in (420, 487) else None
            return Reply(stun.binding_error(request, code, reason, password), code)
        self._validate(address, now)
        if stun.USE_CANDIDATE in request.attributes or self._has_moved(now):
            self.selected = address
        self.consent_at = now
        return Reply(stun.binding_success(request, address, self.local.password), 200)

    def _judge(self, request: StunMessage) -> tuple[int, str]:
        names = stun.usernames(request)
        if names is None or request.signed is None or not request.has_fingerprint:
            return 400, "Bad Request"
        if names.local != self.local.username_fragment or not stun.verify_integrity(request, self.local.password):
            return 401, "Unauthenticated"
        if request.unknown_required:
            return 420, "Unknown Attribute"
        if stun.ICE_CONTROLLED in request.attributes:
            return 487, "Role Conflict"  # a lite agent is always controlled: the other side has to switch
        return 200, ""

    def _validate(self, address: Address, now: float) -> None:
        self._validated[address] = now
        self._validated.move_to_end(address)
        if len(self._validated) > _MAX_VALIDATED:
            del self._validated[next(old for old in self._validated if old != self.selected)]

    def _has_moved(self, now: float) -> bool:
        """A peer whose NAT rebound may send checks that nominate no more: follow it when the old address is silent."""
        return self.selected is not None and now - self._validated.get(self.selected, 0.0) > _REBINDING_SECONDS

    def is_validated(self, address: Address) -> bool:
        """Whether a valid check came from this address."""
        return address in self._validated

    @property
    def validated(self) -> tuple[Address, ...]:
        """The validated addresses, the latest last."""
        return tuple(self._validated)

    def consent_expired(self, now: float) -> bool:
        """Whether the last valid check is more than 30 s old (RFC 7675 section 5.1)."""
        return self.consent_at is not None and now - self.consent_at > CONSENT_SECONDS


class IceControllingAgent:
    """Makes connectivity checks towards one known address (an ICE-lite server) and judges the answers.

    Send `request()` to the remote candidate every 50 ms until `connected`, then every 2.5 s to keep consent.
    """

    def __init__(self, local: IceParameters, remote: IceParameters) -> None:
        self.local = local
        self.remote = remote
        self.mapped: Address | None = None
        self.consent_at: float | None = None
        self._tie_breaker = int.from_bytes(os.urandom(8), "big")
        self._pending: OrderedDict[bytes, None] = OrderedDict()

    @property
    def connected(self) -> bool:
        """Whether a check was answered."""
        return self.consent_at is not None

    def request(self) -> bytes:
        """A fresh check that nominates (ICE-CONTROLLING, USE-CANDIDATE)."""
        transaction_id = os.urandom(12)
        self._pending[transaction_id] = None
        while len(self._pending) > 100:
            self._pending.popitem(last=False)
        return stun.binding_request(
            f"{self.remote.username_fragment}:{self.local.username_fragment}",
            self.remote.password,
            tie_breaker=self._tie_breaker,
            priority=_HOST_PRIORITY,
            use_candidate=True,
            transaction_id=transaction_id,
        )

    def handle(self, message: StunMessage, address: Address, now: float) -> bytes | None:
        """Takes any STUN message that came in; returns the bytes to answer with, None if none are due."""
        if message.type == stun.BINDING_REQUEST:
            return self._answer(message, address)
        ours = message.transaction_id in self._pending
        if ours and message.type == stun.BINDING_SUCCESS and stun.verify_integrity(message, self.remote.password):
            del self._pending[message.transaction_id]
            self.consent_at = now
            self.mapped = stun.xor_mapped_address(message)
        return None

    def _answer(self, request: StunMessage, address: Address) -> bytes:
        if not stun.verify_integrity(request, self.local.password):
            return stun.binding_error(request, 401, "Unauthenticated")
        return stun.binding_success(request, address, self.local.password)

    def consent_expired(self, now: float) -> bool:
        """Whether 30 s passed since the last answer (RFC 7675 section 5.1)."""
        return self.consent_at is not None and now - self.consent_at > CONSENT_SECONDS
