"""Scatter plots of patients, coloured by a clinical column or a feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.cohort.read import cohort_spec
from omics.common.errors import InputError, nearest
from stratomics.report.figures.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from mudata import MuData

__all__ = ["ColourValues", "colour_values", "features_named", "scatter"]

Array = NDArray[np.float64]

MARKERS = ("o", "s", "^", "D", "v")
"""Markers of categories beyond the number of colours."""

MOST_CATEGORIES = len(COLOURS) * len(MARKERS)

FEW_NUMBERS = 6
"""A column with at most so many different whole numbers, such as a stage, has a legend and not a colour bar."""

MISSING = "#cfd4d9"
SIZE = 26.0


@dataclass(frozen=True)
class ColourValues:
    """What patients are coloured by.

    Attributes
    ----------
    name
        Column, or feature with its view and the scale of its values.
    values
        One value per patient, in the order of the cohort.
    """

    name: str
    values: pd.Series[Any]

    @property
    def categories(self) -> list[Any] | None:
        """Values of a grouping in their order; None for numbers."""
        known = self.values.dropna()
        if isinstance(known.dtype, pd.CategoricalDtype):
            return [value for value in known.cat.categories if (known == value).any()]
        different = sorted(known.unique(), key=lambda v: (isinstance(v, str), v))
        if not pd.api.types.is_numeric_dtype(known) or pd.api.types.is_bool_dtype(known):
            return different
        few = len(different) <= FEW_NUMBERS and all(float(value).is_integer() for value in different)
        return different if few else None


def colour_values(cohort: MuData, color: str) -> ColourValues:
    """Find what patients are to be coloured by.

    Parameters
    ----------
    cohort
        The cohort.
    color
        A column of ``cohort.obs``, or a feature as ``VIEW:FEATURE``, such as ``rna:TP53``.

    Returns
    -------
    ColourValues
        Missing for patients without a value.

    Raises
    ------
    InputError
        If there is no such column or feature, or the column has too many categories to be distinguished.
    """
    if not isinstance(color, str):
        raise InputError(
            f"color is of type {type(color).__name__}; give one name, and draw several with one Axes for each"
        )
    if color in cohort.obs:
        found = ColourValues(color, cohort.obs[color])
    else:
        found = _feature(cohort, *_view_and_feature(cohort, color))
    if found.categories is not None and len(found.categories) > MOST_CATEGORIES:
        raise InputError(
            f"'{color}' has {len(found.categories)} different values, and at most {MOST_CATEGORIES} can be "
            "distinguished; group them first"
        )
    return found


def scatter(axes: Axes, places: Array, colour: ColourValues | None) -> None:
    """Draw patients as points; those without a value are grey and lie below the others.

    Parameters
    ----------
    axes
        Where to draw.
    places
        (n, 2) coordinates; NaN for patients who are not drawn.
    colour
        Values of the same patients; None for one colour.
    """
    drawn = np.isfinite(places).all(axis=1)
    if colour is None:
        axes.scatter(places[drawn, 0], places[drawn, 1], s=SIZE, color=COLOURS[0], linewidths=0)
        return
    known = colour.values.notna().to_numpy(dtype=bool)
    missing = drawn & ~known
    if missing.any():
        axes.scatter(
            places[missing, 0], places[missing, 1], s=SIZE, color=MISSING, linewidths=0, label="missing"
        )
    if colour.categories is None:
        _by_number(axes, places, colour, drawn & known)
    else:
        _by_category(axes, places, colour, colour.categories, drawn & known)


def _by_number(axes: Axes, places: Array, colour: ColourValues, rows: NDArray[np.bool_]) -> None:
    values = colour.values[rows].to_numpy(dtype=np.float64)
    points = axes.scatter(places[rows, 0], places[rows, 1], s=SIZE, c=values, cmap="viridis", linewidths=0)
    axes.figure.colorbar(points, ax=axes, label=colour.name)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(frameon=False, fontsize=8, loc="best", handletextpad=0.2)


def _by_category(
    axes: Axes, places: Array, colour: ColourValues, categories: list[Any], rows: NDArray[np.bool_]
) -> None:
    for number, category in enumerate(categories):
        members = rows & (colour.values == category).to_numpy(dtype=bool, na_value=False)
        axes.scatter(
            places[members, 0],
            places[members, 1],
            s=SIZE,
            # The same colours as of the curves of ``st.pl.km``.
            color=COLOURS[number % len(COLOURS)],
            marker=MARKERS[number // len(COLOURS)],
            linewidths=0,
            label=f"{_name(category)} (n = {members.sum()})",
        )
    handles, labels = axes.get_legend_handles_labels()
    # The grey points are drawn first, so that others cover them, and named last.
    order = sorted(range(len(labels)), key=lambda place: labels[place] == "missing")
    axes.legend(
        [handles[place] for place in order],
        [labels[place] for place in order],
        title=colour.name,
        frameon=False,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        alignment="left",
        handlelength=1.0,
        handletextpad=0.2,
    )


def features_named(cohort: MuData, name: str) -> list[str]:
    """Find the features of a name.

    Parameters
    ----------
    cohort
        The cohort.
    name
        A feature, also with its view.

    Returns
    -------
    list of str
        Each one as ``VIEW:FEATURE``.
    """
    return [
        f"{view}:{feature}"
        for view, table in cohort.mod.items()
        for feature in (name, name.removeprefix(f"{view}:"))
        if feature in table.var_names
    ]


def _view_and_feature(cohort: MuData, color: str) -> tuple[str, str]:
    """Split at the last colon after the name of a view, since views and features may have colons."""
    parts = color.split(":")
    for place in range(len(parts) - 1, 0, -1):
        if (view := ":".join(parts[:place])) in cohort.mod:
            return view, ":".join(parts[place:])
    named = features_named(cohort, color)
    advice = f"did you mean '{named[0]}'?" if named else nearest(color, map(str, cohort.obs.columns))
    raise InputError(f"no column '{color}' in obs, and it is no feature written as VIEW:FEATURE; {advice}")


def _feature(cohort: MuData, view: str, feature: str) -> ColourValues:
    table = cohort[view]
    if feature not in table.var_names:
        raise InputError(
            f"view '{view}' has no feature '{feature}'; {_near_feature(feature, table.var_names)}"
        )
    values = np.asarray(table.obs_vector(feature), dtype=np.float64)
    scale = cohort_spec(cohort).views[view].scale
    return ColourValues(
        f"{feature} ({view}, {scale})", pd.Series(values, table.obs_names).reindex(cohort.obs_names)
    )


def _near_feature(feature: str, known: pd.Index) -> str:
    """Suggest a feature, without a list of thousands of names."""
    text = nearest(feature, known)
    return text if text.startswith("did you mean") else "see cohort[view].var_names"


def _name(category: Any) -> str:
    return f"{category:g}" if isinstance(category, float) else str(category)
