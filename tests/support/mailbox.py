"""A mail server of the test's own: takes mail over SMTP on this machine and keeps it; told to refuse, it refuses."""

from __future__ import annotations

import email
import email.message
import email.policy
import socketserver
import threading
from typing import Any


class _Talk(socketserver.StreamRequestHandler):
    server: Mailbox

    def say(self, words: str) -> None:
        self.wfile.write(words.encode() + b"\r\n")

    def handle(self) -> None:
        self.say("220 mailbox")
        while line := self.rfile.readline():
            verb = line.split(b" ")[0].strip().upper()
            if verb in (b"EHLO", b"HELO"):
                self.say("250 mailbox")
            elif verb == b"RCPT" and self.server.refusals:
                self.say(self.server.refusals.pop(0))
            elif verb == b"DATA":
                self.say("354 go on")
                self.server.take(self._body())
                self.say("250 kept")
            elif verb == b"QUIT":
                return self.say("221 bye")
            else:
                self.say("250 fine")
        return None

    def _body(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        return b"".join(lines)


class Mailbox(socketserver.ThreadingTCPServer):
    """`mails`: what came, oldest first. `refusals`: answers for the next recipients ("550 no such user")."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.mails: list[email.message.EmailMessage] = []
        self.refusals: list[str] = []
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def take(self, body: bytes) -> None:
        self.mails.append(email.message_from_bytes(body, policy=email.policy.default))  # type: ignore[arg-type]

    def __enter__(self) -> Mailbox:
        self._thread.start()
        return self

    def __exit__(self, *_error: Any) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


def text_of(mail: Any, kind: str = "plain") -> str:
    """The part of a mail as text."""
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())
