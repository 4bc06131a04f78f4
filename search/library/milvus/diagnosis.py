"""What is wrong with a connection to Milvus, looked at without gRPC, which says of all of it that
the server is unavailable."""

import socket
import ssl
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

# The address leads nowhere; nothing listens there, or nobody answers; the certificate is not
# trusted; one side speaks TLS and the other does not; who asks is not let in.
Fault = Literal["name", "no server", "certificate", "TLS", "token"]

# Seconds.
_PATIENCE = 1.0


def connection_fault(uri: str, authority: Path | None) -> tuple[Fault, str] | None:
    """Why ``uri`` (http, https) cannot be reached, in one sentence with what to do; None where
    nothing is wrong that can be seen from here, or it is a file.

    ``authority`` holds the certificates that are trusted, by default those of the system.
    """
    parts = urlsplit(uri)
    if not parts.hostname or not parts.port:
        return None
    place = f"{parts.hostname}, port {parts.port}"
    try:
        connection = socket.create_connection((parts.hostname, parts.port), _PATIENCE)
    except socket.gaierror:
        return "name", f"no machine is called {parts.hostname}: is the address right?"
    except TimeoutError:
        return "no server", f"no answer from {place}: is the machine up, and is a firewall between?"
    except OSError as error:
        reason = error.strerror or str(error)
        return "no server", f"no server listens at {place} ({reason.lower()})"
    with connection:
        if parts.scheme == "https":
            return _certificate_fault(connection, parts.hostname, authority)
        return _unexpected_tls(connection)


def _certificate_fault(
    connection: socket.socket, host: str, authority: Path | None
) -> tuple[Fault, str] | None:
    try:
        context = ssl.create_default_context(cafile=authority)
        context.set_alpn_protocols(["h2"])
        with context.wrap_socket(connection, server_hostname=host):
            return None
    except ssl.SSLCertVerificationError as error:
        return (
            "certificate",
            f"the server's certificate is not trusted ({error.verify_message.rstrip('.')}): name "
            "the file of the authority that signed it in JMEDSEARCH_MILVUS_CA",
        )
    except ssl.SSLError as error:
        if authority is not None and error.reason == "NO_CERTIFICATE_OR_CRL_FOUND":
            return "certificate", f"JMEDSEARCH_MILVUS_CA: {authority} holds no certificate (PEM)"
        return "TLS", "the server speaks no TLS there: write milvus:// instead of milvus+tls://"
    except OSError:
        # It hangs, or hangs up: not for a reason that could be told from here.
        return None


def _unexpected_tls(connection: socket.socket) -> tuple[Fault, str] | None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with context.wrap_socket(connection):
            return "TLS", "the server speaks TLS: write milvus+tls:// instead of milvus://"
    except OSError:
        return None
