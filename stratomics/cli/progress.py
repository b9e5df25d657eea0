"""How far a command is: a bar with the time left on a terminal, plain lines when piped."""

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

    def __init__(self, what: str) -> None:
        self._console = Console(stderr=True)
        left = (MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("gone, left"), TimeRemainingColumn())
        columns = (TextColumn("{task.description}"), BarColumn(), *left)
        self._bar = Progress(*columns, console=self._console, transient=True)
        self._task = self._bar.add_task(what, total=None)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._bar.stop()

    def show(self, done: int, total: int, what: str) -> None:
        """Show that `done` of `total` steps are done, the last of which was `what`."""
        if self._console.is_terminal:
            self._bar.update(self._task, completed=done, total=total, description=what)
        else:
            print(f"{done}/{total} {what}", file=sys.stderr, flush=True)
