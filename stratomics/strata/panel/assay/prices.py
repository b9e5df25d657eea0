"""Prices of analytes, and of the assays that measure them: a panel across two materials costs two draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import InputError, nearest
from stratomics.strata.panel.values import AnalyteName

__all__ = ["PriceList", "Prices", "read_prices"]

Array = NDArray[np.float64]

COLUMNS = ("view", "analyte", "price")


@dataclass(frozen=True)
class Prices:
    """Prices of p analytes.

    Attributes
    ----------
    analyte
        (p,) price of each analyte, at least 0.
    assay
        (p,) price of the assay that measures the analyte: material, draw, platform.
    view
        (p,) the view of each analyte; one assay measures a view.
    """

    analyte: Array
    assay: Array
    view: NDArray[np.str_]

    def additional(self, chosen: Sequence[int]) -> Array:
        """(p,) cost that each analyte adds to a panel of the `chosen` ones."""
        known = np.isin(self.view, self.view[list(chosen)])
        cost: Array = self.analyte + np.where(known, 0.0, self.assay)
        # What is free would always come first.
        return np.maximum(cost, 1e-3 * max(float(np.max(self.analyte + self.assay)), 1e-9))

    def total(self, chosen: Sequence[int]) -> float:
        """Cost of a panel: its analytes, and each of their assays once."""
        rows = list(chosen)
        assays = {str(self.view[row]): float(self.assay[row]) for row in rows}
        return float(self.analyte[rows].sum()) + sum(assays.values())

    def take(self, columns: NDArray[np.int64]) -> Prices:
        """Select analytes."""
        return Prices(self.analyte[columns], self.assay[columns], self.view[columns])


@dataclass(frozen=True)
class PriceList:
    """Prices by view and analyte, as in a file.

    Attributes
    ----------
    assay
        View -> price of its assay.
    analyte
        Analyte -> its own price; others of the view have the price of `each`.
    each
        View -> price of an analyte that has no price of its own.
    """

    assay: dict[str, float]
    analyte: dict[AnalyteName, float]
    each: dict[str, float]

    @classmethod
    def equal(cls) -> Self:
        """Prices of 1 for each analyte, and no price of an assay."""
        return cls({}, {}, {})

    def of(self, names: Sequence[AnalyteName]) -> Prices:
        """Prices of the analytes `names`.

        Raises
        ------
        InputError
            If there are prices, but none for an analyte.
        """
        empty = not (self.assay or self.analyte or self.each)
        values = [1.0 if empty else self._price(name) for name in names]
        views = np.array([name.view for name in names], dtype=str)
        return Prices(np.array(values), np.array([self.assay.get(v, 0.0) for v in views]), views)

    def _price(self, name: AnalyteName) -> float:
        price = self.analyte.get(name, self.each.get(name.view))
        if price is None:
            raise InputError(
                f"'{name}' has no price; add a line for it, or one with the analyte * for all of '{name.view}'"
            )
        return price


def read_prices(path: Path, names: Sequence[AnalyteName]) -> PriceList:
    """Read a table of prices with the columns ``view``, ``analyte`` and ``price``.

    An empty analyte is the assay of the view (material, draw, platform), ``*`` is any analyte of the view that has no
    line of its own.

    Parameters
    ----------
    path
        A csv file.
    names
        Analytes that exist.

    Returns
    -------
    PriceList
        The prices.

    Raises
    ------
    InputError
        If a column or a price is missing, a price is negative, or a view or an analyte does not exist.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise InputError(
            f"{path}: no such file; name a csv file with the columns {', '.join(COLUMNS)}"
        ) from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a csv file ({error}); save it as csv") from None
    for column in COLUMNS:
        if column not in table:
            raise InputError(f"{path}: no column '{column}'; a table of prices has {', '.join(COLUMNS)}")
    known, views = set(names), {name.view for name in names}
    assay: dict[str, float] = {}
    analyte: dict[AnalyteName, float] = {}
    each: dict[str, float] = {}
    for line, (view, feature, text) in enumerate(zip(*(table[c] for c in COLUMNS), strict=True), 2):
        price = _price(text, f"{path}, line {line}")
        if view not in views:
            raise InputError(f"{path}, line {line}: no view '{view}'; {nearest(view, views)}")
        name = AnalyteName(view, feature)
        if feature == "":
            assay[view] = price
        elif feature == "*":
            each[view] = price
        elif name in known:
            analyte[name] = price
        else:
            others = [other.feature for other in names if other.view == view]
            raise InputError(
                f"{path}, line {line}: view '{view}' has no analyte '{feature}'; {nearest(feature, others)}"
            )
    prices = PriceList(assay, analyte, each)
    _check_complete(prices, names, path)
    return prices


def _check_complete(prices: PriceList, names: Sequence[AnalyteName], path: Path) -> None:
    try:
        prices.of(names)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _price(text: str, place: str) -> float:
    try:
        price = float(text)
    except ValueError:
        price = float("nan")
    if not np.isfinite(price):
        raise InputError(f"{place}: the price is '{text}'; enter a number, or 0 if it costs nothing")
    if price < 0:
        raise InputError(f"{place}: the price is {price:g}; enter a number that is at least 0")
    return price
