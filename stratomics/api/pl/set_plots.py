"""Plot of a gene-set analysis: sets by factor or group, with their direction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omics.common.errors import InputError
from stratomics.api.pl.axes import check_axes, drawing
from stratomics.api.tools.biology import stored_biology
from stratomics.report.sections.biology import draw_sets, sets_size, strongest_sets

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from mudata import MuData

__all__ = ["biology"]


def biology(cohort: MuData, n: int = 12, *, ax: Axes | None = None) -> Axes:
    """Draw the sets with the smallest p, by factor or group.

    Parameters
    ----------
    cohort
        A cohort after ``st.tl.biology``.
    n
        Number of sets.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        One row per set and one column per factor or group. Triangles point in the direction of the set, are larger for
        a smaller false discovery rate q, and filled where it is below 0.05.

    Raises
    ------
    InputError
        If the cohort has no gene-set analysis, `n` is below 1, or `ax` is no ordinary Axes.
    """
    check_axes(ax)
    if n < 1:
        raise InputError(f"n is {n}; give the number of sets to draw, at least 1")
    shown = strongest_sets(stored_biology(cohort), n)
    with drawing(ax, sets_size(shown)) as axes:
        draw_sets(axes, shown)
    return axes
