"""The Axes that a plot draws on: the given one, or a new figure of pyplot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from omics.common.errors import InputError
from stratomics.report.figures.style import GREY, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["check_axes", "drawing", "note"]


@contextmanager
def drawing(ax: Axes | None, size: tuple[float, float]) -> Iterator[Axes]:
    """Give the Axes to draw on, in the style of the report.

    Parameters
    ----------
    ax
        The Axes of the caller; None for a new figure, which a notebook shows.
    size
        Width and height of the new figure in inches.

    Yields
    ------
    Axes
        The Axes.

    Raises
    ------
    InputError
        If `ax` is something else, such as a figure or polar Axes.
    """
    check_axes(ax)
    with style():
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots(figsize=size, layout="constrained")
        # The style hides them only on Axes that are made inside it.
        ax.spines[["top", "right"]].set_visible(False)
        yield ax


def note(axes: Axes, sentences: list[str]) -> None:
    """Write what a reader must know beside a plot, such as patients who are left out, above it.

    Parameters
    ----------
    axes
        Where to write.
    sentences
        Nothing is written if there is none.
    """
    if sentences:
        axes.set_title("; ".join(sentences), loc="left", fontsize=8, color=GREY)


def check_axes(ax: Axes | None) -> None:
    """Refuse what is no ordinary Axes, before anything that takes time.

    Raises
    ------
    InputError
        If `ax` is something else, such as a figure or polar Axes.
    """
    from matplotlib.axes import Axes

    if ax is None:
        return
    if not isinstance(ax, Axes):
        raise InputError(
            f"ax is of type {type(ax).__name__}; give one Axes, such as that of `figure, ax = plt.subplots()`"
        )
    if ax.name != "rectilinear":
        raise InputError(
            f"ax has {ax.name} coordinates; give Axes with two ordinary ones, as from plt.subplots()"
        )
