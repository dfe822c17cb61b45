"""Secrets made on the first start, each kept in a file that only its owner can read."""

import os
import secrets
import stat
from pathlib import Path

SECRET_BYTES = 32


class SecretFileError(Exception):
    """A secret's file cannot be used; the sentence says why."""


def read_or_make_secret(file: Path) -> str:
    """The newest secret in `file`; see `read_or_make_secrets`."""
    return read_or_make_secrets(file)[0]


def read_or_make_secrets(file: Path) -> tuple[str, ...]:
    """The secrets in `file`, one a line, the newest first; one is made there (256 bits, mode 0600) where it is missing.

    Raises `SecretFileError` when others may read the file or a line holds fewer than 32 bytes.
    """
    try:
        return _read(file)
    except FileNotFoundError:
        pass
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = (secrets.token_urlsafe(SECRET_BYTES),)
    try:
        _write(file, made)
    except FileExistsError:
        return _read(file)  # another process of ours was faster; its secret is the one
    return made


def rotate_secret(file: Path, keep: int | None = None) -> tuple[str, ...]:
    """Puts a new secret first and returns all; of the older ones the `keep` newest stay, without it all of them.

    Raises `SecretFileError` as above; whoever reads meanwhile finds the old lines or the new ones.
    """
    older = read_or_make_secrets(file)
    rotated = (secrets.token_urlsafe(SECRET_BYTES), *older[:keep])
    fresh = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    _write(fresh, rotated)
    fresh.replace(file)
    return rotated


def _write(file: Path, lines: tuple[str, ...]) -> None:
    """Makes the file, for its owner alone; raises FileExistsError."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.writelines(line + "\n" for line in lines)
        out.flush()
        os.fsync(out.fileno())


def _read(file: Path) -> tuple[str, ...]:
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SecretFileError(
            f"{file} can be read by others: chmod 600 it, and change the secret if it may have leaked"
        )
    found = tuple(line.strip() for line in file.read_text().splitlines() if line.strip())
    if not found or any(len(secret.encode()) < SECRET_BYTES for secret in found):
        raise SecretFileError(f"{file} holds fewer than {SECRET_BYTES} bytes: remove it to have a new one made")
    return found
