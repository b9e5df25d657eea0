"""Servers that tests start on the loopback interface: a Dask cluster, PostgreSQL."""

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

TIMEOUT = 60.0


def wait_for(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end, f"{what} did not start in {TIMEOUT} s"
        time.sleep(0.1)


@dataclass
class Cluster:
    """A Dask scheduler, and worker processes with the modules of this process."""

    folder: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return str(json.loads((self.folder / "scheduler.json").read_text())["address"])

    def start(self, name: str, *words: str) -> None:
        """Start `name`, which is ``scheduler`` or the name of a worker."""
        kind = "scheduler" if name == "scheduler" else "worker"
        options = [
            "--host",
            "127.0.0.1",
            "--scheduler-file",
            str(self.folder / "scheduler.json"),
            "--no-dashboard",
        ]
        command = [sys.executable, "-W", "ignore", "-m", f"distributed.cli.dask_{kind}", *options, *words]
        path = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "helpers")])
        output = (self.folder / f"{name}.log").open("wb")
        self.processes[name] = subprocess.Popen(
            command, cwd=self.folder, env=os.environ | {"PYTHONPATH": path}, stdout=output, stderr=output
        )
        output.close()

    def start_worker(self, name: str, *words: str) -> None:
        options = ["--name", name, "--nthreads", "1", "--local-directory", str(self.folder)]
        self.start(name, *options, *words)
        wait_for(lambda: self.logged(name, "Registered to"), name)

    def logged(self, name: str, words: str) -> bool:
        return words in (self.folder / f"{name}.log").read_text(errors="replace")

    def stop(self, name: str) -> None:
        process = self.processes.pop(name)
        process.terminate()
        process.wait(TIMEOUT)


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
        # The scheduler last, since workers report to it when they end.
        for name in reversed(list(cluster.processes)):
            cluster.stop(name)


def postgres_program(name: str) -> Path | None:
    """Find the newest version of a program in Debian's package, which does not put servers on the path."""
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    program = installed[-1] if installed else shutil.which(name)
    return None if program is None else Path(program)


@contextmanager
def postgres(*databases: str) -> Iterator[str]:
    """Start PostgreSQL with empty databases; add /NAME to the URL for each of them."""
    initdb, server = postgres_program("initdb"), postgres_program("postgres")
    assert initdb is not None
    assert server is not None
    # It refuses to run as root; Debian's package creates a user for it.
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Not in the folders of pytest, which that user cannot read.
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
            process.send_signal(signal.SIGINT)  # fast shutdown, whatever is connected
            process.wait(TIMEOUT)


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
