"""Ports: remembered per state, checked before use, and moved aside when something else sits on them."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path

# Below the range from which the kernel takes ports for outgoing connections, so that none of those can be in the way.
FREE_RANGE = range(20000, 32000)


def is_free(port: int) -> bool:
    """True when this process could listen on it now, on both loopbacks where both exist."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            probe = socket.socket(family, socket.SOCK_STREAM)
        except OSError:
            continue  # no IPv6 on this machine
        with probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                if family == socket.AF_INET6 and error.errno not in {98, 48}:  # address in use, Linux and macOS
                    continue
                return False
    return True


def pick_free(taken: Iterable[int] = ()) -> int:
    """A random free port that is not in `taken`."""
    avoid = set(taken)
    for port in random.sample(FREE_RANGE, len(FREE_RANGE)):
        if port not in avoid and is_free(port):
            return port
    raise RuntimeError("no free port found between 20000 and 32000")


class PortBook:
    """The ports of one state. A port once given stays, as long as nobody else took it meanwhile."""

    def __init__(self, path: Path, defaults: Mapping[str, int], *, anywhere: bool = False, fixed: Mapping[str, int] | None = None) -> None:
        self._path = path
        self._defaults = dict(defaults)
        self._anywhere = anywhere
        self._fixed = dict(fixed or {})
        self.moved: dict[str, tuple[int, int]] = {}  # name -> (wanted, got)

    def assign(self) -> dict[str, int]:
        """Ports by name. Raises PortTaken when a port demanded on the command line is not free."""
        known: dict[str, int] = json.loads(self._path.read_text()) if self._path.exists() else {}
        chosen: dict[str, int] = {}
        for name, default in self._defaults.items():
            if name in self._fixed:
                if not is_free(self._fixed[name]):
                    raise PortTaken(f"port {self._fixed[name]} for {name} is taken by something else; choose another: --port {name}=NUMBER")
                chosen[name] = self._fixed[name]
                continue
            wanted = known.get(name) or (0 if self._anywhere else default)
            if wanted and wanted not in chosen.values() and is_free(wanted):
                chosen[name] = wanted
                continue
            chosen[name] = pick_free({*chosen.values(), *self._defaults.values(), *self._fixed.values()})
            if wanted:
                self.moved[name] = (wanted, chosen[name])
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(chosen))
        return chosen


class PortTaken(RuntimeError):
    """A port that was asked for is in use."""
