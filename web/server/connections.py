"""How many connections are held, and which one goes when there are too many.

A connection costs a descriptor whether or not a request ever comes over it. Whoever opens many and
sends nothing, or a letter a minute, keeps others out; so each address may have a few that have not
sent a whole request yet, and all together no more than there are descriptors for. The one that has
been idle for the longest goes first: a client of good will has sent its request long before.
"""

import ipaddress
import os
import resource
from collections import Counter
from collections.abc import Iterable
from typing import Protocol, TypeVar

# Connections held at once; most of them idle, kept alive by browsers.
MOST = 1000
# Those of one address that have not sent a whole request. Browsers open up to six at a time, and a
# ward may share an address.
HALF_OPEN = 64
# Descriptors for all else: the library, the collections, files that are sent and received.
_OTHERS = 256
# What is asked of the system: more than needed would only make mistakes costlier.
_WANTED = 4096


class Connection(Protocol):
    """What is to be known of a connection."""

    source: str

    def is_half_open(self) -> bool:
        """Whether it has not sent a whole request yet, or is sending one."""

    def is_idle(self) -> bool:
        """Whether nothing is being received, answered or sent."""

    def idle_since(self) -> float:
        """When something last came over it or, for a request that is arriving, when that began."""


_C = TypeVar("_C", bound=Connection)


def source(address: str) -> str:
    """Whose connections count together: an address, or the /64 that an IPv6 host has to itself."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


def room() -> int:
    """How many connections there are descriptors for, at most :data:`MOST`. Asks the system for
    more descriptors first, where it has given fewer than it would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = _WANTED if hard == resource.RLIM_INFINITY else min(hard, _WANTED)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        soft = allowed
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return MOST
    # Half of what is left: what is sent and received may be a file each.
    return max(1, min(MOST, (soft - max(_OTHERS, _open()) - 1) // 2))


def superfluous(
    newcomer: _C, held: Iterable[_C], most: int, half_open: int, trusted: str
) -> _C | None:
    """The connection to close now that ``newcomer`` is one of those ``held``; None where there is
    room. Those of the proxy at the address ``trusted`` are many people's: only their sum counts.
    """
    held = list(held)
    if newcomer.source != trusted:
        own = [c for c in held if c.source == newcomer.source and c.is_half_open()]
        if len(own) > half_open:
            return min(own, key=_idle_since)
    if len(held) <= most:
        return None
    return least_needed(held) or newcomer


def least_needed(held: Iterable[_C]) -> _C | None:
    """The connection that has been idle for the longest, of those of the address that holds most;
    None where all are being answered."""
    waiting = [c for c in held if c.is_half_open() or c.is_idle()]
    if not waiting:
        return None
    greediest, _ = Counter(c.source for c in waiting).most_common(1)[0]
    return min((c for c in waiting if c.source == greediest), key=_idle_since)


def _idle_since(connection: Connection) -> float:
    return connection.idle_since()


def _open() -> int:
    """Descriptors in use; 0 where the system does not say."""
    try:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    except OSError:
        return 0
