"""Secrets made on the first start, each kept in a file that only its owner can read."""

import os
import secrets
import stat
from pathlib import Path

SECRET_BYTES = 32


class SecretFileError(Exception):
    """A secret's file cannot be used; the sentence says why."""


def read_or_make_secret(file: Path) -> str:
    """The secret in `file`; made there (256 bits, mode 0600) when the file is missing.

    Raises `SecretFileError` when others may read the file or it holds fewer than 32 bytes.
    """
    try:
        return _read(file)
    except FileNotFoundError:
        pass
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = secrets.token_urlsafe(SECRET_BYTES)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(file)  # another process of ours was faster; its secret is the one
    with os.fdopen(descriptor, "w") as out:
        out.write(made + "\n")
    return made


def _read(file: Path) -> str:
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SecretFileError(
            f"{file} can be read by others: chmod 600 it, and change the secret if it may have leaked"
        )
    secret = file.read_text().strip()
    if len(secret.encode()) < SECRET_BYTES:
        raise SecretFileError(f"{file} holds fewer than {SECRET_BYTES} bytes: remove it to have a new one made")
    return secret
