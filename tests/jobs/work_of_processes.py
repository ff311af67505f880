"""Kinds made for tests, for workers in processes of their own (nursery.py). ATRIUM_TEST_FOLDER is the outside world.

An effect outside is a line appended to `effects` in that folder, at most one per key, as a system with idempotency keys does it.
"""

from __future__ import annotations

import fcntl
import os
import pathlib
import time

WORLD = pathlib.Path(os.environ.get("ATRIUM_TEST_FOLDER", "/nowhere"))


def act_outside(key: str) -> None:
    """Idempotent by key; every call is counted in `calls`."""
    with (WORLD / "effects").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        if f"{key}\n" not in file.readlines():
            file.write(f"{key}\n")
    with (WORLD / "calls").open("a") as file:
        file.write(f"{key}\n")


def register() -> None:
    """The kinds, in parent and child."""
    from apps.audit import services as audit
    from apps.jobs import registry
    from apps.jobs.registry import JobContext

    @registry.task("test.process.effect")
    def effect(ctx: JobContext) -> None:
        act_outside(ctx.key)
        with ctx.commit():
            audit.record(actor=None, action="test.effect.done", object=ctx.key, data={}, now=ctx.now)

    @registry.task("test.process.plain")
    def plain(ctx: JobContext) -> dict[str, bool]:
        act_outside(ctx.key)
        return {"ok": True}

    @registry.task("test.process.holds")
    def holds(ctx: JobContext) -> None:
        with ctx.commit():
            audit.record(actor=None, action="test.effect.done", object=ctx.key, data={"attempt": ctx.attempt}, now=ctx.now)
            (WORLD / f"{ctx.key}.began.{ctx.attempt}").touch()
            while not (WORLD / f"{ctx.key}.go.{ctx.attempt}").exists():
                time.sleep(0.02)

    @registry.task("test.process.waits")
    def waits(ctx: JobContext) -> None:
        (WORLD / f"{ctx.key}.began.{ctx.attempt}").touch()
        while not (WORLD / f"{ctx.key}.go.{ctx.attempt}").exists():
            time.sleep(0.02)
        with ctx.commit():
            audit.record(actor=None, action="test.effect.done", object=ctx.key, data={"attempt": ctx.attempt}, now=ctx.now)

