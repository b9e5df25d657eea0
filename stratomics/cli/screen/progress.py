"""Progress of a command: a bar with the remaining time on a terminal, plain lines otherwise."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

__all__ = ["ProgressBar"]


class ProgressBar:
    """Progress on stderr.

    Examples
    --------
    >>> with ProgressBar("counting") as bar:
    ...     bar.show(1, 2, "one")
    """

    def __init__(self, description: str) -> None:
        self._console = Console(stderr=True)
        times = (TimeElapsedColumn(), TextColumn("elapsed,"), TimeRemainingColumn(), TextColumn("remaining"))
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), *times)
        self._bar = Progress(*columns, console=self._console, transient=True)
        self._task = self._bar.add_task(description, total=None)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._bar.stop()

    def show(self, done: int, total: int, last: str) -> None:
        """Show that `done` of `total` steps are done; `last` describes the last one."""
        if self._console.is_terminal:
            self._bar.update(self._task, completed=done, total=total, description=last)
        else:
            print(f"{done}/{total} {last}", file=sys.stderr, flush=True)
