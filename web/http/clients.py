"""From where a request comes: the client's address, and whether the trusted proxy brought it."""

import ipaddress

from flask import request


def came_through(proxy: str) -> bool:
    """Whether the request was brought by the proxy of this address."""
    peer = _address(request.remote_addr or "")
    return bool(proxy) and peer is not None and peer == _address(proxy)


def client_address(proxy: str) -> str:
    """The address of whoever asks. The trusted ``proxy`` writes it last into X-Forwarded-For; what
    stands before, and what anybody else sends, is only a claim."""
    if came_through(proxy):
        last = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        if (found := _address(last)) is not None:
            return str(found)
    return request.remote_addr or ""


def client_network(proxy: str) -> str:
    """What is counted as one client: an IPv4 address, or the /64 of an IPv6 one, all of whose
    addresses one machine may take for itself."""
    address = client_address(proxy)
    found = _address(address.partition("%")[0])
    if not isinstance(found, ipaddress.IPv6Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
