"""What a supervisor (systemd, a container's init) hands over and is told.

The protocols are systemd's own, of a few lines each: sockets that it holds (LISTEN_FDS), so that
connections wait while the service is exchanged, and a word when the service is ready
(NOTIFY_SOCKET). A reload uses the former with itself: the process becomes its successor and keeps
the socket.
"""

import os
import socket
import sys
import time
from pathlib import Path
from typing import NoReturn

# The first descriptor that is handed over.
_FIRST = 3


class HandoverError(ValueError):
    """A socket that was handed over and cannot be used."""


def handed_over() -> socket.socket | None:
    """The listening socket that a supervisor holds for this process; None where there is none.

    Raises:
        HandoverError: when it is no listening TCP socket, or there are several.
    """
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return None
    count = os.environ.get("LISTEN_FDS", "")
    # Of no use to processes that are started from here.
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        os.environ.pop(name, None)
    if count != "1":
        raise HandoverError(f"LISTEN_FDS is {count!r}: one socket can be served, not several")
    try:
        listening = socket.socket(fileno=_FIRST)
        listens = listening.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        raise HandoverError(f"what was handed over is no socket: {error.strerror}") from error
    if not listens or listening.family not in {socket.AF_INET, socket.AF_INET6}:
        raise HandoverError("the socket that was handed over does not listen for TCP connections")
    listening.set_inheritable(False)
    return listening


def notify(state: str) -> None:
    """Tell the supervisor, if it wants to know: READY=1, STOPPING=1, RELOADING=1."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if state == "RELOADING=1":
        state += f"\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}"
    # "@" begins an address in Linux's abstract namespace.
    path = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        try:
            told.sendto(state.encode(), path)
        except OSError as error:
            sys.stderr.write(f"jmedsearch: cannot notify the supervisor: {error.strerror}\n")


def has_terminal() -> bool:
    """Whether someone sits at a terminal that this process belongs to: a hang-up then means that it
    was closed, not that the service shall be loaded anew."""
    try:
        os.close(os.open(Path("/dev/tty"), os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def succeed(listening: int) -> NoReturn:
    """Become the same command anew, with the descriptor of a listening socket handed over."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(listening, _FIRST, inheritable=True)
    os.environ["LISTEN_PID"], os.environ["LISTEN_FDS"] = str(os.getpid()), "1"
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - that is the point
