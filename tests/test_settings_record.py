"""What the record may know of the settings."""

from pathlib import Path

from pydantic import SecretStr

from shinsatsu.settings import Settings
from shinsatsu.settings_record import on_record

SECRETS = ("hunter2" * 6, "pass1word", "turn1credential", "hook1token")


def test_no_secret_is_told_and_what_is_not_secret_is() -> None:
    told = on_record(
        Settings(
            data_dir=Path("/data"),
            secret=SecretStr(SECRETS[0]),
            sfu_app_secret=SecretStr(SECRETS[0]),
            database_url=f"sqlite:///x?password={SECRETS[1]}",
            ice_servers=({"urls": "turn:turn.example", "credential": SECRETS[2]},),
            delivery_url=f"https://user:{SECRETS[1]}@sms.example:8443/{SECRETS[3]}?key={SECRETS[3]}",
            trusted_proxies=("10.0.0.1",),
            link_ttl=120,
        ),
        "kid",
    )
    assert not [secret for secret in SECRETS if secret in str(told)]
    assert told["secret"] == told["ice_servers"] == "(set)"
    assert told["delivery_url"] == "https://sms.example:8443"
    assert (told["trusted_proxies"], told["link_ttl"], told["data_dir"]) == (["10.0.0.1"], "120.0", "/data")
    assert told["console_links"] is False


def test_every_setting_is_told_of(tmp_path: Path) -> None:
    told = on_record(Settings(data_dir=tmp_path), "kid")
    assert set(Settings.model_fields) - set(told) == {"port", "sfu_url"}
    assert (told["secret"], told["secret_id"]) == ("(not set)", "kid")
