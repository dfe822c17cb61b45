"""What the record may know of the settings: names with values, and never anything that could hold a secret.

Deny by default: what is a secret by its type or by its name, lists of objects and whatever else is not plain are told
as set or not set, addresses by their origin alone.
"""

import re
from pathlib import Path

from shinsatsu.settings import Settings

Told = bool | int | str | list[str] | None
DECIDED_ANEW = frozenset({"port", "sfu_url"})
"""What may be another at each start without anybody having set it."""
SECRET_BY_NAME = re.compile("secret|password|token|key")
SET, NOT_SET = "(set)", "(not set)"


def on_record(settings: Settings, secret_id: str) -> dict[str, Told]:
    """The effective settings as a `settings` event holds them; numbers with a fraction as text.

    `secret_id` is the `kid` of the server's newest secret: it tells nothing of the secret, and that it was rotated.
    """
    names = sorted(set(type(settings).model_fields) - DECIDED_ANEW)
    return {**{name: _told(name, getattr(settings, name)) for name in names}, "secret_id": secret_id}


def _told(name: str, value: object) -> Told:
    if SECRET_BY_NAME.search(name):
        return SET if value else NOT_SET
    match value:
        case None | bool() | int():
            return value
        case float() | Path():
            return str(value)
        case str():
            return _without_path(value)
        case tuple() if all(isinstance(part, str) for part in value):
            return [_without_path(part) for part in value]
    return SET if value else NOT_SET


def _without_path(text: str) -> str:
    """Of an address its scheme, host and port: user, path and query can each hold a password."""
    scheme, found, rest = text.partition("://")
    return scheme + found + re.split("[/?#]", rest, maxsplit=1)[0].rpartition("@")[2] if found else text
