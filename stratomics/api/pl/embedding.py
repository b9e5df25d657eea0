"""UMAP of the patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.factors.annotate import FACTORS
from stratomics.api.pl.axes import check_axes, drawing, note
from stratomics.api.pl.colours import colour_values, scatter
from stratomics.api.pl.factor_plots import left_out
from stratomics.api.tools.scanpy_tools import neighbours_umap
from stratomics.api.tools.stored_factors import UMAP, StoredFactors, stored_factors

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from mudata import MuData

__all__ = ["umap"]


def umap(
    cohort: MuData,
    color: str | None = None,
    *,
    key: str = FACTORS,
    seed: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw patients in the plane by UMAP of their factors.

    Parameters
    ----------
    cohort
        A cohort after ``st.tl.factors``. Coordinates of ``st.tl.umap`` are used if there are any; otherwise they are
        computed, and not stored.
    color
        A column of ``cohort.obs``, a feature such as ``"rna:TP53"``, or None. Categories, and columns of at most six
        whole numbers, have a legend; other numbers a colour bar. Values of a feature are as stored, on the scale that
        the label names. Patients without a value are grey.
    key
        Key of the factors.
    seed
        Seed of the coordinates; None takes those that are stored, or seed 1.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        Patients without any view are left out, as the title then says. Axes have no ticks, because distances between
        groups have no meaning.

    Raises
    ------
    InputError
        If the cohort has no such factors, no such column or feature, or `ax` is no ordinary Axes.
    """
    check_axes(ax)
    stored = stored_factors(cohort, key)
    colour = None if color is None else colour_values(cohort, color)
    places = _places(cohort, stored, seed)
    with drawing(ax, (5.6, 4.2)) as axes:
        scatter(axes, places, colour)
        axes.set_xlabel("UMAP 1")
        axes.set_ylabel("UMAP 2")
        axes.set_xticks([])
        axes.set_yticks([])
        note(axes, left_out(stored))
    return axes


def _places(cohort: MuData, stored: StoredFactors, seed: int | None) -> NDArray[np.float64]:
    """(n, 2) coordinates that are stored for these factors and this seed, or new ones."""
    if f"X_{UMAP}" in cohort.obsm and _fits(cohort.uns.get(UMAP, {}), stored.key, seed):
        return np.asarray(cohort.obsm[f"X_{UMAP}"], dtype=np.float64)[:, :2]
    places = np.full((cohort.n_obs, 2), np.nan)
    places[stored.known] = neighbours_umap(stored.mean[stored.known], 1 if seed is None else seed)
    return places


def _fits(about: dict[str, object], key: str, seed: int | None) -> bool:
    """Whether stored coordinates are those of this key and seed; those of another tool have no key."""
    parameters = about.get("params")
    stored_seed = parameters.get("random_state") if hasattr(parameters, "get") else None
    return about.get("key", key) == key and (seed is None or seed == stored_seed)
