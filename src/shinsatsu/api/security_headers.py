"""What every answer tells a browser to keep to, and which requests a browser was made to send by another's page."""

from collections.abc import Collection, Iterable, Sequence

from starlette.datastructures import Headers

READING = frozenset({"GET", "HEAD", "OPTIONS"})
NEEDED = ("camera", "microphone", "display-capture", "screen-wake-lock")
NOBODY = "'none'"
NOT_NEEDED = ("geolocation", "payment", "usb", "serial", "hid", "midi", "browsing-topics")


def content_security_policy(public_url: str, frame_ancestors: Sequence[str] = ()) -> str:
    """The page's policy: nothing inline, nothing from elsewhere; streams and media of our own.

    The WebSocket's origin is spelt out, since older Safari does not count it as 'self'.
    """
    stream_origin = "ws" + public_url.removeprefix("http")
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "media-src 'self' blob: mediastream:",
            f"connect-src 'self' {stream_origin}",
            "worker-src 'self' blob:",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            f"frame-ancestors {' '.join(frame_ancestors) or NOBODY}",
        )
    )


def security_headers(public_url: str, frame_ancestors: Sequence[str] = ()) -> Iterable[tuple[bytes, bytes]]:
    """The headers of every answer; `frame_ancestors` are origins of pages that may show ours in a frame."""
    yield b"content-security-policy", content_security_policy(public_url, frame_ancestors).encode()
    yield b"referrer-policy", b"no-referrer"
    allowed, denied = (f"{name}=(self)" for name in NEEDED), (f"{name}=()" for name in NOT_NEEDED)
    yield b"permissions-policy", ", ".join((*allowed, *denied)).encode()
    yield b"x-content-type-options", b"nosniff"
    yield b"cross-origin-opener-policy", b"same-origin"
    yield b"cross-origin-resource-policy", b"same-origin"
    if public_url.startswith("https:"):
        yield b"strict-transport-security", b"max-age=31536000; includeSubDomains"


def comes_from_elsewhere(method: str, headers: Headers, origins: Collection[str]) -> bool:
    """Whether a page of another origin had a browser send this write, to use our cookies or to get some (ASVS 5.0 3.5).

    Cookies only count beside a header that names them, which such a page cannot set; this refuses it earlier, and a
    login that it would begin in its visitor's browser. Whoever sends a Bearer token and no cookie is no such page.
    """
    if method in READING or ("cookie" not in headers and "authorization" in headers):
        return False
    origin = headers.get("origin")
    if origin is not None:
        return origin not in origins
    return headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
