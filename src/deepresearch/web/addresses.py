"""Which addresses may be reached: an own table, because `ipaddress` calls many dangerous ones global.

Sources: the special-purpose address registries of IANA, and the addresses at which clouds serve their secrets.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def _table(text: str) -> list[tuple[Network, str]]:
    rows = (line.split(maxsplit=1) for line in text.strip().splitlines())
    return [(ip_network(network), reason) for network, reason in rows]


# Where a server that the user runs may be: reachable only where the user has named it.
_OWN = _table("""
    127.0.0.0/8         loopback
    10.0.0.0/8          private
    172.16.0.0/12       private
    192.168.0.0/16      private
    100.64.0.0/10       shared by a carrier's customers
    ::1/128             loopback
    fc00::/7            unique local
""")

# Never reachable, whoever names it. Looked up first: some are within the ranges above.
_NEVER = _table("""
    100.100.100.200/32  a cloud's metadata
    168.63.129.16/32    a cloud's host agent
    fd00:ec2::/32       a cloud's metadata
    fd20:ce::/32        a cloud's metadata
    0.0.0.0/8           this host
    169.254.0.0/16      link-local, cloud metadata
    192.0.0.0/24        protocol assignments, cloud metadata
    192.0.2.0/24        documentation
    192.31.196.0/24     a sink for reverse look-ups
    192.52.193.0/24     multicast tunnels
    192.88.99.0/24      6to4 relay
    192.175.48.0/24     a sink for reverse look-ups
    198.18.0.0/15       benchmarking
    198.51.100.0/24     documentation
    203.0.113.0/24      documentation
    224.0.0.0/4         multicast
    240.0.0.0/4         reserved, broadcast
    2001::/23           protocol assignments, Teredo
    2001:db8::/32       documentation
    2002::/16           6to4
    2620:4f:8000::/48   a sink for reverse look-ups
    3ffe::/16           retired
    3fff::/20           documentation
""")

_GLOBAL_6 = IPv6Network("2000::/3")
"""The only part of IPv6 from which global addresses have been given out."""
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})
"""Upper half of an interface identifier whose lower half is an IPv4 address to tunnel to."""


def refusal(address: Address, *, own: bool = False) -> str | None:
    """Why `address` may not be reached, or None.

    own: the user has named this server, so loopback and private ranges are meant.
    """
    if isinstance(address, IPv6Address) and address in _NAT64:
        # Networks without IPv4 reach all of it through this range; what counts is the IPv4 address within.
        return refusal(IPv4Address(int(address) & 0xFFFF_FFFF))
    for network, reason in _NEVER:
        if address in network:
            return reason
    for network, reason in _OWN:
        if address in network:
            return None if own else reason
    if isinstance(address, IPv6Address):
        if address not in _GLOBAL_6:
            return "not a global address"
        if (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP:
            return "a tunnel to an IPv4 address"
    return None
