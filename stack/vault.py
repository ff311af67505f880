"""Secrets of one state: made once, kept in files of mode 600, never printed."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


class Vault:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str, length: int = 40) -> str:
        """The secret of that name: letters and digits only, so that it fits into URLs, files and shells."""
        path = self._folder / name
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
            value = "".join(secrets.choice(alphabet) for _ in range(length))
            try:
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                return path.read_text()
            with os.fdopen(handle, "w") as file:
                file.write(value)
        return path.read_text()
