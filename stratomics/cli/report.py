"""``stratomics report RUN``: write the report of a finished run anew, from its saved tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from omics.errors import ConfigError, InputError
from omics.manifest import declare_anew
from stratomics.report.page import write_report
from stratomics.run_directory import RunDirectory

__all__ = ["report"]


def report(arguments: Sequence[str]) -> None:
    """Print the path of the report."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        usage = "usage: stratomics report RUN, where RUN is a run directory such as runs/tcga_acc-0123456789"
        if arguments and arguments[0] in ("-h", "--help"):
            print(usage)
            return
        raise ConfigError(usage)
    run = RunDirectory(Path(arguments[0]))
    if not run.finished:
        raise InputError(f"{run.path}: not a finished run directory; `stratomics run` makes one")
    page = write_report(run)
    declare_anew(run.path, page.name)
    print(page)
