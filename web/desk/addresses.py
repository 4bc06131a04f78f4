"""Addresses as they are typed: of the web, of mail, of a machine."""

import re
from email.errors import HeaderParseError
from email.headerregistry import Address
from urllib.parse import urlsplit

# What one line of SMTP carries (RFC 5321, 4.5.3.1.3).
LONGEST_MAIL_ADDRESS = 254
LONGEST_HOST = 253
_HOST = re.compile(r"(?!-)[A-Za-z0-9.-]+(?<!-)|\[?[0-9A-Fa-f:.]+\]?")


def is_web_address(url: str) -> bool:
    """Whether ``url`` is an http or https address with a host, never javascript: or data:."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def is_site_address(url: str) -> bool:
    """Whether ``url`` is where a site lies: an http or https address without query or fragment, and
    without anything that a mail would have to break."""
    if not is_web_address(url) or not url.isascii() or any(c in url for c in " <>\"'\\"):
        return False
    parts = urlsplit(url)
    try:
        port_is_one = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return port_is_one and url.isprintable() and not (parts.query or parts.fragment or "@" in url)


def is_mail_address(text: str) -> bool:
    """Whether ``text`` is one address of mail, as every server takes it: ASCII, a name, @ and a
    domain; nothing that could begin another line of a message's head."""
    if len(text) > LONGEST_MAIL_ADDRESS or not text.isascii() or not text.isprintable():
        return False
    if " " in text or '"' in text or text.count("@") != 1:
        return False
    try:
        address = Address(addr_spec=text)
    except (HeaderParseError, ValueError, IndexError):
        return False
    return address.addr_spec == text and bool(_HOST.fullmatch(address.domain))


def is_host(text: str) -> bool:
    """Whether ``text`` names a machine: a name or an IP address."""
    return len(text) <= LONGEST_HOST and bool(_HOST.fullmatch(text))
