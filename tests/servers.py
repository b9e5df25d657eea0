"""Servers that tests start themselves, on the loopback interface: a Dask cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
PATIENCE = 60.0


def wait_for(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"{what} did not come in {PATIENCE} s"
        time.sleep(0.1)


@dataclass
class Cluster:
    """A Dask scheduler, and worker processes that read their modules where we read ours."""

    folder: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return str(json.loads((self.folder / "scheduler.json").read_text())["address"])

    def start(self, name: str, *words: str) -> None:
        """Start `name`, which is ``scheduler`` or the name of a worker."""
        kind = "scheduler" if name == "scheduler" else "worker"
        own = [
            "--host",
            "127.0.0.1",
            "--scheduler-file",
            str(self.folder / "scheduler.json"),
            "--no-dashboard",
        ]
        command = [sys.executable, "-W", "ignore", "-m", f"distributed.cli.dask_{kind}", *own, *words]
        path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
        said = (self.folder / f"{name}.log").open("wb")
        self.processes[name] = subprocess.Popen(
            command, cwd=self.folder, env=os.environ | {"PYTHONPATH": path}, stdout=said, stderr=said
        )
        said.close()

    def start_worker(self, name: str, *words: str) -> None:
        own = ["--name", name, "--nthreads", "1", "--local-directory", str(self.folder)]
        self.start(name, *own, *words)
        wait_for(lambda: self.said(name, "Registered to"), name)

    def said(self, name: str, words: str) -> bool:
        return words in (self.folder / f"{name}.log").read_text(errors="replace")

    def stop(self, name: str) -> None:
        process = self.processes.pop(name)
        process.terminate()
        process.wait(PATIENCE)


@contextmanager
def dask_cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    cluster = Cluster(folder)
    try:
        cluster.start("scheduler", "--port", "0")
        wait_for((folder / "scheduler.json").is_file, "the scheduler")
        for number in range(workers):
            cluster.start_worker(f"worker{number}")
        yield cluster
    finally:
        # The scheduler last: it is told who leaves.
        for name in reversed(list(cluster.processes)):
            cluster.stop(name)
