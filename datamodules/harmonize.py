"""Harmonizer: the only thing fitted on patients before a model sees them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.batch import Batch
from datamodules.config import HarmonizeConfig
from datamodules.covariates import CovariateEncoder
from omics.cohort import cohort_endpoints, cohort_spec
from omics.errors import DataError, FitError
from omics.files import read_state, write_state
from omics.spec import ViewSpec
from omics.view_tables import modality_of

if TYPE_CHECKING:
    from anndata import AnnData
    from mudata import MuData

__all__ = ["Harmonizer"]

HALF = 1.0
"""On a log2 scale half of the smallest value seen, which stands for what is below detection, lies 1 below it."""

LIMIT = 6.0
"""Scaled values are held within this many robust standard deviations: a log value of -52 is a fault."""


@dataclass
class _ViewState:
    """What was learned about one view.

    All features of training, and of the kept ones the smallest value seen, centre and scale.
    """

    measured: pd.Index
    features: pd.Index
    smallest: NDArray[np.float64]
    center: NDArray[np.float64]
    scale: NDArray[np.float64]


class Harmonizer:
    """Feature selection, imputation and robust scaling of every view, and the coding of covariates.

    Values go through their modality first (stateless, one patient at a time); then `fit` learns
    from the training patients it is given, and `transform` applies that to anybody.

    Examples
    --------
    >>> from omics.cohort import read_cohort
    >>> cohort = read_cohort("bundled:tcga_acc")
    >>> batch = Harmonizer(HarmonizeConfig()).fit(cohort[:70]).transform(cohort[70:])
    >>> len(batch), batch.views["rppa"].shape, int(batch.present("rppa").sum())
    (22, (22, 33), 16)
    """

    def __init__(self, config: HarmonizeConfig) -> None:
        self.config = config
        self._views: dict[str, _ViewState] = {}
        self._specs: dict[str, ViewSpec] = {}
        self._covariates = CovariateEncoder()

    @property
    def features(self) -> dict[str, pd.Index]:
        """View -> names of the features that are kept."""
        return {name: state.features for name, state in self._views.items()}

    def fit(self, cohort: MuData) -> Self:
        """Learn from training patients.

        Raises
        ------
        DataError
            If no view has two patients and a feature that varies.
        """
        spec = cohort_spec(cohort)
        self._specs = dict(spec.views)
        self._views = {
            name: self._fit_view(
                _harmonized(cohort[name], view, cohort[name].var_names), cohort[name].var_names
            )
            for name, view in spec.views.items()
        }
        if not any(len(state.features) for state in self._views.values()):
            raise DataError("no view has a feature that varies among the training patients")
        self._covariates.fit(cohort.obs, spec.covariates)
        return self

    def transform(self, cohort: MuData) -> Batch:
        """Apply what was learned to any patients; features are matched by name, a missing one is imputed."""
        if not self._views:
            raise FitError("this Harmonizer was not fitted; call fit with training patients first")
        n = cohort.n_obs
        views, observed = {}, {}
        for name, state in self._views.items():
            values = np.full((n, len(state.features)), np.nan)
            if name in cohort.mod:
                rows = cohort.obs_names.get_indexer(cohort[name].obs_names)
                every = _harmonized(cohort[name], self._specs[name], state.measured)
                kept = every[:, state.measured.get_indexer(state.features)]
                values[rows] = _detected(kept, state.smallest)
            seen = np.isfinite(values)
            scaled = np.clip((values - state.center) / state.scale, -LIMIT, LIMIT)
            views[name] = np.where(seen, scaled, 0.0).astype(np.float32)
            observed[name] = seen
        return Batch(
            cohort.obs_names.to_numpy(dtype=str),
            views,
            observed,
            self._covariates.transform(cohort.obs),
            self._covariates.names,
            cohort_endpoints(cohort),
        )

    def _fit_view(self, values: NDArray[np.float64], measured: pd.Index) -> _ViewState:
        if len(values) < 2:  # noqa: PLR2004  # one patient has no variance
            return _nothing(measured)
        seen = np.isfinite(values)
        enough = (np.isnan(values).mean(axis=0) <= self.config.max_missing) & seen.any(axis=0)
        values, names = values[:, enough], measured[enough]
        smallest = np.min(np.where(seen[:, enough], values, np.inf), axis=0)
        values = _detected(values, smallest)
        variance = np.nanvar(values, axis=0)
        # Stable order: equal variances keep the order of the file.
        order = np.argsort(-variance, kind="stable")
        chosen = np.sort(order[variance[order] > 0][: self.config.max_features])
        if not len(chosen):
            return _nothing(measured)
        values = values[:, chosen]
        low, center, high = _quantiles(values, (0.025, 0.5, 0.975))
        scale = _robust_scale(values, low, high)
        return _ViewState(measured, names[chosen], smallest[chosen], center, scale)

    def save(self, folder: Path, name: str) -> None:
        """Write ``name.json`` and ``name.safetensors``."""
        settings: dict[str, Any] = {
            "config": vars(self.config),
            "views": {
                view: {
                    "spec": vars(self._specs[view]),
                    "measured": list(state.measured),
                    "features": list(state.features),
                }
                for view, state in self._views.items()
            },
            "covariates": self._covariates.state(),
        }
        arrays = {f"{view}.center": state.center for view, state in self._views.items()}
        arrays |= {f"{view}.scale": state.scale for view, state in self._views.items()}
        arrays |= {f"{view}.smallest": state.smallest for view, state in self._views.items()}
        write_state(folder, name, settings, arrays)

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        settings, arrays = read_state(folder, name)
        harmonizer = cls(HarmonizeConfig(**settings["config"]))
        for view, stored in settings["views"].items():
            harmonizer._specs[view] = ViewSpec(**stored["spec"])
            harmonizer._views[view] = _ViewState(
                pd.Index(stored["measured"], dtype=object),
                pd.Index(stored["features"], dtype=object),
                # Older models knew no detection limit: what is below it counts as not measured there.
                arrays.get(f"{view}.smallest", np.full_like(arrays[f"{view}.center"], np.nan)),
                arrays[f"{view}.center"],
                arrays[f"{view}.scale"],
            )
        harmonizer._covariates = CovariateEncoder.from_state(settings["covariates"])
        return harmonizer


def _harmonized(view: AnnData, spec: ViewSpec, measured: pd.Index) -> NDArray[np.float64]:
    """Align to `measured` first, so that a closure or a library size counts the features of training."""
    columns = view.var_names.get_indexer(measured)
    values = np.asarray(view.X, dtype=np.float64)[:, columns]
    values[:, columns < 0] = np.nan
    return modality_of(spec).transform(values, spec.scale)


def _nothing(measured: pd.Index) -> _ViewState:
    return _ViewState(measured, measured[:0], np.zeros(0), np.zeros(0), np.ones(0))


def _detected(values: NDArray[np.float64], smallest: NDArray[np.float64]) -> NDArray[np.float64]:
    """Put half of the smallest value seen in training where a value is below detection."""
    return np.where(np.isneginf(values), smallest - HALF, values)


def _quantiles(values: NDArray[np.float64], levels: tuple[float, ...]) -> list[NDArray[np.float64]]:
    """Quantiles of each column that ignore NaN, as numpy's nanquantile, but from one sort of the table."""
    ordered = np.sort(values, axis=0)
    last = np.isfinite(ordered).sum(axis=0) - 1
    found = []
    for level in levels:
        place = level * last
        low = np.floor(place).astype(np.int64)
        below, above = (
            np.take_along_axis(ordered, row[None, :], axis=0)[0] for row in (low, np.minimum(low + 1, last))
        )
        found.append(below + (above - below) * (place - low))
    return found


def _robust_scale(
    values: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Take the standard deviation of values held within `low` and `high`, or the plain one where that is 0."""
    robust = np.nanstd(np.clip(values, low, high), axis=0)
    scale: NDArray[np.float64] = np.where(robust > 0, robust, np.nanstd(values, axis=0))
    return scale
