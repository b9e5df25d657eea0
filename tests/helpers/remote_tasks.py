"""Tasks for processes of another executor, which import this module by its name."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from omics.common.errors import CohortError, DataError


@dataclass(frozen=True)
class Prepare:
    """Writes the id of the process that calls it to a file in its folder."""

    folder: Path

    def __call__(self) -> tuple[Path]:
        with (self.folder / "prepared.txt").open("a") as file:
            file.write(f"{os.getpid()}\n")
        return (self.folder,)


@dataclass(frozen=True)
class Unprepared:
    folder: Path

    def __call__(self) -> tuple[Path]:
        raise CohortError("no such file", "missing_file", file="rna.csv")


def square(folder: Path, number: int) -> tuple[int, int]:
    time.sleep(0.2)
    return number**2, os.getpid()


def refuse(folder: Path, number: int) -> int:
    raise DataError("this fold has no feature")


def die(folder: Path, number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def die_once(folder: Path, number: int) -> int:
    mark = folder / "died"
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def slow(folder: Path, number: int) -> int:
    with (folder / "started.txt").open("a") as file:
        file.write(f"{number}\n")
    time.sleep(1.0)
    return number
