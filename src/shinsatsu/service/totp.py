"""Codes of an authenticator app: TOTP (RFC 6238) with SHA-1, six digits and 30 seconds, which every app speaks."""

from dataclasses import dataclass
from datetime import datetime

import pyotp
import qrcode
from pyotp.exceptions import OTPVerificationError
from qrcode.image.svg import SvgPathImage

WINDOW = 1
"""Steps before and after the present one that are taken: clocks differ, and people type slowly."""


@dataclass(frozen=True, slots=True)
class TotpOffer:
    """A fresh secret (160 bits, RFC 4226 §4) as text, as the address that apps read, and as a QR code (SVG)."""

    secret: str
    uri: str
    qr: str


def offer(login_name: str, issuer: str) -> TotpOffer:
    """A secret for one account."""
    secret = pyotp.random_base32()
    uri = pyotp.TOTP(secret).provisioning_uri(name=login_name, issuer_name=issuer)
    code = qrcode.QRCode(border=2, image_factory=SvgPathImage)
    code.add_data(uri)
    return TotpOffer(secret, uri, code.make_image().to_string(encoding="unicode"))


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The number of the 30 seconds that the code belongs to; None when it belongs to none near."""
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(code, for_time=now.timestamp(), valid_window=WINDOW)
    except OTPVerificationError:
        return None
