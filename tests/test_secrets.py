"""The server's own secrets: made once, rotated without ending anything, refused where they protect nothing."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shinsatsu.secret_file import SecretFileError, read_or_make_secret, read_or_make_secrets, rotate_secret
from shinsatsu.settings import SettingsRefused, read_settings, signing_secrets
from shinsatsu.settings_check import checked

LONG, OLDER, OLDEST = "a" * 40, "b" * 40, "c" * 40
DELIVERY = "whsec_" + "QUFB" * 11 + "QUE="


def test_a_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "secret"
    made = read_or_make_secrets(file)
    assert read_or_make_secrets(file) == made
    assert (len(made), len(made[0])) == (1, 43)
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_new_secret_comes_first_and_older_ones_stay(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    first = read_or_make_secret(file)
    second = rotate_secret(file)
    assert second[1:] == (first,)
    third = rotate_secret(file)
    assert read_or_make_secrets(file) == third
    assert (third[1:], read_or_make_secret(file)) == (second, third[0])
    assert file.stat().st_mode & 0o777 == 0o600
    assert rotate_secret(file, keep=1)[1:] == third[:1]
    assert len(rotate_secret(file, keep=0)) == 1
    assert [one.name for one in tmp_path.iterdir()] == ["secret"]


def test_a_file_as_earlier_versions_left_it_is_one_secret(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"  {LONG}\n\n")
    file.chmod(0o600)
    assert read_or_make_secrets(file) == (LONG,)


@pytest.mark.parametrize("text", ["", "\n\n", "short\n", f"{LONG}\nshort\n"])
def test_a_weak_line_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "secret"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(SecretFileError, match="fewer than 32 bytes"):
        read_or_make_secrets(file)


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    read_or_make_secret(file)
    file.chmod(0o640)
    for attempt in (read_or_make_secrets, rotate_secret):
        with pytest.raises(SecretFileError, match="chmod 600"):
            attempt(file)


def test_settings_name_them_newest_first(tmp_path: Path) -> None:
    configured = read_settings(data_dir=tmp_path, secret=LONG, old_secrets=f"{OLDER}, {OLDEST}")
    assert signing_secrets(configured) == (LONG, OLDER, OLDEST)
    assert OLDER not in repr(configured)
    assert len(signing_secrets(read_settings(data_dir=tmp_path))) == 1


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"secret": OLDER, "old_secrets": "short"}, "SHINSATSU_OLD_SECRETS is shorter"),
        ({"old_secrets": LONG}, "SHINSATSU_OLD_SECRETS goes with SHINSATSU_SECRET"),
        ({"secret": OLDER, "old_secrets": LONG}, "SHINSATSU_OLD_SECRETS is SHINSATSU_SFU_APP_SECRET"),
        ({"invitation_check": "code"}, "SHINSATSU_DELIVERY_URL"),
        ({"delivery_url": "https://gateway.example"}, "SHINSATSU_DELIVERY_SECRET is missing"),
        ({"delivery_url": "https://gateway.example", "delivery_secret": "whsec_QUFB"}, "SHINSATSU_DELIVERY_SECRET"),
        ({"delivery_url": "https://gateway.example", "delivery_secret": LONG}, "SHINSATSU_DELIVERY_SECRET"),
        ({"delivery_url": "http://gateway.example", "delivery_secret": DELIVERY}, "SHINSATSU_DELIVERY_URL"),
        ({"invitation_check": "fingerprint"}, "SHINSATSU_INVITATION_CHECK"),
    ],
)
def test_what_serve_refuses(tmp_path: Path, given: dict[str, Any], names: str) -> None:
    tmp_path.chmod(0o700)
    sfu = {"sfu_url": "http://127.0.0.1:9", "sfu_app_secret": LONG}
    with pytest.raises(SettingsRefused, match=names) as refused:
        checked(read_settings(data_dir=tmp_path, **sfu, **given))
    for secret in (OLDER, DELIVERY):
        assert secret not in str(refused.value)


def test_what_serve_takes(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    sfu = {"sfu_url": "http://127.0.0.1:9", "sfu_app_secret": LONG}
    codes = {"invitation_check": "code", "delivery_url": "https://gateway.example/sms", "delivery_secret": DELIVERY}
    assert checked(read_settings(data_dir=tmp_path, **sfu, **codes, secret=OLDER, old_secrets=OLDEST))


def rotate(folder: Path, *options: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    bare = {name: value for name, value in os.environ.items() if not name.startswith("SHINSATSU_")}
    command = [sys.executable, "-m", "shinsatsu", "secret", "rotate", "--data", str(folder), *options]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={**bare, **settings}, cwd=folder
    )


def test_the_command_rotates_the_file_and_shows_no_secret(tmp_path: Path) -> None:
    first = read_or_make_secret(tmp_path / "secret")
    result = rotate(tmp_path)
    assert result.returncode == 0, result.stderr
    newest, older = read_or_make_secrets(tmp_path / "secret")
    assert older == first
    assert not {newest, older} & set((result.stdout + result.stderr).split())
    assert rotate(tmp_path, "--keep", "0").returncode == 0
    assert older not in read_or_make_secrets(tmp_path / "secret")
    refused = rotate(tmp_path, SHINSATSU_SECRET=LONG)
    assert refused.returncode == 1
    assert "SHINSATSU_OLD_SECRETS" in refused.stderr
    assert LONG not in refused.stderr
