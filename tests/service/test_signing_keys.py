"""The server's secrets: the newest makes, every one in use is believed, none that was taken out."""

import pytest

from shinsatsu.service.signing_keys import SigningKeys

OLD, NEW, FOREIGN = (bytes([one]) * 32 for one in (1, 2, 3))


def test_what_the_newest_makes_the_older_server_does_not_know() -> None:
    before, after = SigningKeys([OLD]), SigningKeys([NEW, OLD])
    assert after.newest == NEW
    assert after.secret(before.newest_id) == OLD
    assert before.secret(after.newest_id) is None
    assert after.secret(None) is after.secret(7) is None


def test_ids_tell_nothing_and_stay_the_same() -> None:
    one, two = SigningKeys([OLD]), SigningKeys([OLD])
    assert one.newest_id == two.newest_id
    assert OLD.hex() not in one.newest_id
    assert one.newest_id != SigningKeys([NEW]).newest_id


def test_digests_fit_their_value_and_use_alone() -> None:
    before, after = SigningKeys([OLD]), SigningKeys([NEW, OLD])
    digest = before.digest("birth", "1970-01-01")
    assert after.fits(digest, "birth", "1970-01-01")
    assert after.knows(digest)
    for use, value in (("birth", "1970-01-02"), ("code", "1970-01-01"), ("birth", "")):
        assert not after.fits(digest, use, value)
    gone = SigningKeys([NEW])
    assert not gone.fits(digest, "birth", "1970-01-01")
    assert not gone.knows(digest)
    for nonsense in ("", ".", "x.y", digest[:-1], digest.upper()):
        assert not after.fits(nonsense, "birth", "1970-01-01")


def test_sealed_text_opens_for_its_use_and_secret_alone() -> None:
    before, after = SigningKeys([OLD]), SigningKeys([NEW, OLD])
    sealed = before.seal("address", "+81 90 1234 5678")
    assert "1234" not in sealed
    assert sealed != before.seal("address", "+81 90 1234 5678")
    assert after.unseal("address", sealed) == "+81 90 1234 5678"
    assert after.unseal("other", sealed) is None
    assert SigningKeys([FOREIGN]).unseal("address", sealed) is None
    assert after.unseal("address", sealed[:-6] + "AAAA==") is None
    assert after.unseal("address", "") is None


def test_there_is_no_server_without_a_secret() -> None:
    with pytest.raises(ValueError, match="secret"):
        SigningKeys([])
