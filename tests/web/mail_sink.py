"""A mail server that keeps what it is handed, as a test may want it to."""

import email
import email.policy
import queue
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class MailSink:
    """What has arrived, in order. ``answers`` is what each message is told, by default that it was
    taken; ``recipients`` what each recipient is."""

    host: str = "127.0.0.1"
    port: int = 0
    received: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    arrivals: "queue.SimpleQueue[EmailMessage]" = field(default_factory=queue.SimpleQueue)
    answers: Callable[[EmailMessage], str] = lambda _: "250 taken"
    recipients: Callable[[str], str] = lambda _: "250 known"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        """Whether a recipient is known."""
        told = self.recipients(address)
        if told.startswith("250"):
            envelope.rcpt_tos.append(address)
        return told

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep a message, where it is taken."""
        content = envelope.content
        assert isinstance(content, bytes)
        message = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        told = self.answers(message)
        if told.startswith("250"):
            self.received.append(message)
            self.envelopes.append(envelope)
            self.arrivals.put(message)
        return told


@contextmanager
def mail_sink() -> Iterator[MailSink]:
    """A sink that listens on the loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    sink = MailSink(port=port)
    controller = Controller(sink, hostname=sink.host, port=port)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()


def text_of(message: EmailMessage) -> str:
    """The plain text of a message."""
    part = message.get_body(("plain",))
    assert part is not None
    content = part.get_content()
    assert isinstance(content, str)
    return content
