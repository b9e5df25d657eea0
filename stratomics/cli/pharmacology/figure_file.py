"""Files of figures that commands write."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from omics.common.errors import ConfigError, nearest

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["check_figure", "write_figure"]

FIGURES: dict[str, dict[str, str | None]] = {
    ".svg": {"Date": None, "Creator": None},
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
"""Ending of a figure -> what its file would say of the day and the program, which is left out."""


def check_figure(word: str) -> Path:
    """Return the path of a figure, or raise :class:`ConfigError` for an unknown ending."""
    path = Path(word)
    if path.suffix not in FIGURES:
        raise ConfigError(f"--figure {path}: unknown ending '{path.suffix}'; {nearest(path.suffix, FIGURES)}")
    return path


def write_figure(figure: Figure, path: Path) -> None:
    """Write a figure; the same figure gives the same bytes.

    Parameters
    ----------
    figure
        The figure.
    path
        A file with one of the endings of FIGURES.
    """
    from omics.common.files import write_bytes
    from stratomics.report.figures.style import style

    content = io.BytesIO()
    with style():
        figure.savefig(content, format=path.suffix[1:], metadata=FIGURES[path.suffix])
    write_bytes(path, content.getvalue())
