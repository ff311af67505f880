"""Record the answers of the real systems: `python -m tests.connectors.record [ENV_FILE]` while `make stack` runs (fresh data: `make stack-reset`).

Writes fixtures/<connector>/; look at the difference before it is committed. Secrets are never written: keys travel in headers, which are not kept,
and a file that held one would be refused.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main(env_file: str) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    os.environ.setdefault("ATRIUM_MODE", "test")
    import django

    django.setup()
    from stack.layout import read_env
    from tests.connectors.scenarios import SCENARIOS, playing

    env = read_env(Path(env_file))
    names = ("KEY", "SECRET", "TOKEN", "PASSWORD")
    secrets = [value for name, value in env.items() if any(word in name for word in names) and len(value) > 7]
    for connector_id in SCENARIOS:
        with playing(connector_id, env) as play:
            play.tape.write(secrets=secrets)
            print(f"{connector_id}: {len(play.tape.steps)} steps, {sum(map(len, play.tape.steps.values()))} questions")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "var/stack.env"))
