"""Runs in processes that are killed, for tests of what remains and how the next attempt continues."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import signal
import sys
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

# A server that has imported all libraries, so that forking a process takes little time.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    ["mlflow", "stratomics.fitting.fit", "stratomics.cli.screen.run_output", "stratomics.report.page"]
)


def start(words: Sequence[str], cwd: Path, die_at: int | None = None) -> BaseProcess:
    """Start ``stratomics WORDS`` in `cwd`; the process kills itself before its `die_at`-th sync.

    With 0 it lives, and writes the number of its syncs to `syncs.txt`.
    """
    process = CONTEXT.Process(target=_main, args=(list(words), str(cwd), die_at))
    process.start()
    return process


def _main(words: list[str], cwd: str, die_at: int | None) -> None:
    from stratomics.cli import main

    os.chdir(cwd)
    syncs = [] if die_at is None else _die_at_sync(die_at)
    err = Path("stderr.txt").open("a", buffering=1)  # noqa: SIM115  # open until the process ends
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(err):
        code = main(words)
    if die_at == 0:
        Path("syncs.txt").write_text(str(len(syncs)))
    sys.exit(code)


def _die_at_sync(number: int) -> list[int]:
    """Syncs as they are made."""
    sync, calls = os.fsync, list[int]()

    def counted(handle: int) -> None:
        calls.append(handle)
        if len(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        sync(handle)

    os.fsync = counted
    return calls


def contents(run: Path) -> dict[str, bytes]:
    """All files of a run directory but its log, which may have several attempts."""
    files = (path for path in sorted(run.rglob("*")) if path.is_file() and path.name != "run.log")
    return {path.relative_to(run).as_posix(): path.read_bytes() for path in files}
