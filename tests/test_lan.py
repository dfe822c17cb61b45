"""The certificate made on the spot: for whom it speaks, how long, and who can read its key."""

import ipaddress
import ssl
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from shinsatsu.lan import LIFETIME, lan_addresses, make_certificate

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_the_certificate_names_the_addresses_and_loopback(tmp_path: Path) -> None:
    certificate_file, key_file = make_certificate(tmp_path, ["192.0.2.7"], NOW)
    certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = names.get_values_for_type(x509.IPAddress)
    assert addresses == [ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("192.0.2.7")]
    assert "localhost" in names.get_values_for_type(x509.DNSName)
    assert certificate.not_valid_before_utc < NOW < certificate.not_valid_after_utc == NOW + LIFETIME
    assert key_file.stat().st_mode & 0o777 == 0o600
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate_file, key_file)


def test_only_private_addresses_count_as_local_network() -> None:
    for address in lan_addresses():
        assert ipaddress.ip_address(address).is_private
        assert not ipaddress.ip_address(address).is_loopback
