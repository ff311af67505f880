"""`python -m apps.devtools.sandbox.chat --vendor wecom --port P --service-key K [--callback-url U]`

The keys of both sides are those of `keys(service_key)`: whoever knows the service key can set the portal up.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import signal
import sys
import threading
from collections.abc import Sequence

from apps.devtools.sandbox.base.web import SandboxServer, serve_until
from apps.devtools.sandbox.chat.core import Chat, Keys
from apps.devtools.sandbox.chat.dingtalk import Dingtalk
from apps.devtools.sandbox.chat.wecom import Wecom
from apps.devtools.sandbox.chat.welink import Welink

VENDORS: dict[str, type[Chat]] = {one.name: one for one in (Wecom, Dingtalk, Welink)}


def keys(service_key: str, callback: str = "") -> Keys:
    """Made out of the service key, so that both sides agree."""
    aes = base64.b64encode(hashlib.sha256(service_key.encode()).digest()).decode().rstrip("=")
    return Keys(id="app-1", secret=f"{service_key}-secret", agent="1000002", token=f"{service_key}-token", aes_key=aes, callback=callback)


def main(given: Sequence[str] | None = None) -> int:
    """Run one product until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m apps.devtools.sandbox.chat", description="A small chat product for demo and tests.")
    parser.add_argument("--vendor", choices=sorted(VENDORS), required=True)
    parser.add_argument("--port", type=int, required=True, help="0 picks a free one and prints it")
    parser.add_argument("--service-key", required=True)
    parser.add_argument("--callback-url", default="", help="where presses and texts are sent to")
    options = parser.parse_args(given)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    chat = VENDORS[options.vendor](keys(options.service_key, options.callback_url), options.service_key)
    server = SandboxServer(options.port, chat)
    print(f"{options.vendor}: ready at http://localhost:{server.server_address[1]}", flush=True)
    serve_until(server, stop)
    return 0


if __name__ == "__main__":
    sys.exit(main())
