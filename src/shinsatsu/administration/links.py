"""`shinsatsu link`: asks a running server for a consultation link, as a booking system would."""

import httpx


class LinkRefused(Exception):
    """No link was made; the sentence says why."""


def mint(base_url: str, api_key: str, session_id: str, user_type: str, user_id: int) -> str:
    """The fresh link's address; raises `LinkRefused`."""
    try:
        answer = httpx.post(
            f"{base_url}/api/video-sessions/{session_id}/links",
            json={"userType": user_type, "userId": user_id},
            headers={"Authorization": f"Bearer {api_key}"},
            timeout=10,
        )
        document = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise LinkRefused(f"no server answers at {base_url}: {type(error).__name__}") from error
    if answer.status_code != 201:
        raise LinkRefused(str(document.get("detail", answer.status_code)))
    return str(document["url"])
