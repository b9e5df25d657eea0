"""Print the curve of a panel, and the locked panel."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stratomics.report.text.panel import panel_columns, panel_rows, panel_sentences
from stratomics.strata.panel.from_run import RunPanel

__all__ = ["show"]


def show(found: RunPanel, files: Sequence[Path]) -> None:
    """Print the table of all sizes, the sentences, and the files.

    Parameters
    ----------
    found
        Curve and panel.
    files
        What was written.
    """
    console = Console(width=None if sys.stdout.isatty() else 140)
    table = Table(
        "analytes", title="Panels, selected again in every outer fold; 95% intervals", title_justify="left"
    )
    for name in panel_columns(found.curve):
        table.add_column(name, justify="right", no_wrap=True)
    for row in panel_rows(found.curve):
        table.add_row(escape(row.name), *row.cells)
    console.print(table)
    for sentence in panel_sentences(found.curve, found.details):
        console.print(f"- {sentence}", highlight=False, markup=False)
    print(*files, sep="\n")
