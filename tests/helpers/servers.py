"""Servers that tests start themselves, on the loopback interface: a Dask cluster, PostgreSQL."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from places import ROOT

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
        path = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "helpers")])
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


def postgres_program(name: str) -> Path | None:
    """Find a program of Debian's package, which keeps servers off the path; the newest release, if any."""
    own = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    found = own[-1] if own else shutil.which(name)
    return None if found is None else Path(found)


@contextmanager
def postgres(*databases: str) -> Iterator[str]:
    """Start PostgreSQL with empty databases, and give the URL that each of their names ends."""
    initdb, server = postgres_program("initdb"), postgres_program("postgres")
    assert initdb is not None
    assert server is not None
    # It refuses to run as root; Debian's package brings a user of its own.
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Not below pytest's folders, into which that user may not look.
    with tempfile.TemporaryDirectory(prefix="postgres", ignore_cleanup_errors=True) as place:
        if user:
            shutil.chown(place, "postgres", "postgres")
        data = Path(place) / "data"
        words = [
            str(initdb),
            "--auth=trust",
            "--username=stratomics",
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C",
        ]
        subprocess.run([*words, str(data)], cwd=place, check=True, capture_output=True, **user)
        settings = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-p", str(port), "-k", place]
        process = subprocess.Popen(
            [str(server), "-D", str(data), *settings],
            cwd=place,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **user,
        )
        try:
            wait_for(lambda: _listens(port), "PostgreSQL")
            for name in databases:
                _create(port, name)
            yield f"postgresql://stratomics@127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGINT)  # its fast way to end, whoever is connected
            process.wait(PATIENCE)


def _connect(port: int) -> Any:
    import psycopg2

    return psycopg2.connect(host="127.0.0.1", port=port, user="stratomics", dbname="postgres")


def _create(port: int, name: str) -> None:
    connection = _connect(port)
    connection.autocommit = True
    connection.cursor().execute(f"CREATE DATABASE {name}")
    connection.close()


def _listens(port: int) -> bool:
    import psycopg2

    try:
        _connect(port).close()
    except psycopg2.OperationalError:
        return False
    return True
