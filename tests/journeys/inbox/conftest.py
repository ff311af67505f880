"""One portal with workers for all of the message center's journeys, with a mail server and a chat product beside the real systems."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from stack.layout import PORTAL_PYTHON, REPO
from tests.journeys.conftest import chromium  # noqa: F401 - fixture
from tests.journeys.inbox.desk import Desk
from tests.support.chat import running
from tests.support.mailbox import Mailbox
from tests.support.stack import RealStack

QUICK = {"UNDO_WINDOW_SECONDS": "0.5", "JOBS_RETRY_BASE_SECONDS": "0.3", "FEED_INTERVAL_SECONDS": "1"}
VENDOR = "dingtalk"


@pytest.fixture(scope="package")
def desk(real_stack: RealStack) -> Iterator[Desk]:
    with Mailbox() as mailbox, running(VENDOR) as product:
        chat = {f"CHAT_{VENDOR.upper()}_{name.upper()}": value for name, value in product.settings.items()}
        env = {**QUICK, **chat, "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(mailbox.port)}
        with real_stack.portal(workers=2, env=env) as portal:
            yield Desk(real_stack, portal, mailbox, product)
            the_lists_told_the_truth(real_stack, env)


def the_lists_told_the_truth(stack: RealStack, env: dict[str, str]) -> None:
    """Whatever was done here: every to-do list says what can be done, and nothing had to be cured on the way."""
    command = [str(PORTAL_PYTHON), "manage.py", "check_counts"]
    done = subprocess.run(command, cwd=REPO, env=stack.portal_env(**env), capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "0 differences"), done.stderr[-2000:]
