"""Which addresses of the Internet a message of ours may go to; whatever is not plainly public may not."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

UNICAST = ip_network("2000::/3")
"""All that IANA has given out of IPv6 for use across the Internet (RFC 4291 §2.4, IPv6 address space registry)."""
NAT64 = ip_network("64:ff9b::/96")
"""Carries an IPv4 address in its last 32 bits (RFC 6052 §2.1): a network without IPv4 reaches it that way."""
REFUSED = tuple(
    map(
        ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
            *("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
            *("224.0.0.0/4", "240.0.0.0/4"),
            "168.63.129.16/32",  # the platform's own server on machines at Azure: a public address that is none
            *("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"),
        ),
    )
)
"""Special purposes (RFC 6890 and IANA's registries), multicast, tunnels whose other end nobody knows."""


def parse(text: str) -> Address:
    """The address without its zone; an IPv4 address in the clothes of IPv6 as what it is. Raises ValueError."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_public(address: Address) -> bool:
    """Whether it is somebody's on the Internet, as against our own machine, network, cloud or nobody's."""
    if isinstance(address, IPv6Address) and address not in UNICAST:
        return False
    return address.is_global and not any(address in network for network in REFUSED)


def is_unicast(address: Address) -> bool:
    """Whether one machine answers there, be it a private one."""
    return not (address.is_multicast or address.is_unspecified or address.is_reserved or int(address) == 0xFFFFFFFF)
