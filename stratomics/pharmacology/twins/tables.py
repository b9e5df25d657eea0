"""Tables of twins, from the predictions of patients under each regimen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from datamodules.exposure.cohort_exposure import on_log_scale
from stratomics.pharmacology.exposure_response import SHARE_STEP
from stratomics.pharmacology.twins.regimen_exposure import weighted_quantiles
from stratomics.pharmacology.twins.result import POSTERIOR, PRIOR, TAILS
from stratomics.pharmacology.twins.training_range import outside
from stratomics.pharmacology.twins.under_regimen import Grid, Under

if TYPE_CHECKING:
    from stratomics.fitting.exposure_effect import ExposureEffect
    from stratomics.fitting.fitted import Fitted

__all__ = ["TwinTables", "effect_table"]

Array = NDArray[np.float64]

QUANTITIES = {"survival": "survival", "response": "probability"}
"""Kind of an endpoint -> what is predicted."""

RATIOS = {"survival": "hazard", "response": "odds"}
"""Kind of an endpoint -> what exposure multiplies."""


@dataclass(frozen=True)
class TwinTables:
    """Writes the tables of n patients."""

    model: Fitted
    patients: pd.Index
    ranges: pd.DataFrame
    grid: Grid

    def exposure(self, under: Under) -> pd.DataFrame:
        """One row per patient and measure."""
        exposure = under.exposure
        scale = on_log_scale(exposure)[0].loc[self.patients]
        beyond = outside(self.ranges, scale)
        quantiles = weighted_quantiles(exposure, TAILS)
        rows = exposure.mean.index.get_indexer(self.patients)
        levels = exposure.levels.loc[self.patients].to_numpy()
        parts = []
        for name, on_scale in zip(exposure.mean, scale, strict=True):
            ends = self.ranges.reindex([on_scale]).to_numpy(float)[0]
            natural = np.exp if str(on_scale).startswith("log_") else np.asarray
            low, high = natural(ends)
            parts.append(
                pd.DataFrame(
                    {
                        "patient": self.patients,
                        "regimen": under.name,
                        "measure": name,
                        "estimate": natural(scale[on_scale].to_numpy()),
                        "low": quantiles[str(name)][rows, 0],
                        "high": quantiles[str(name)][rows, 1],
                        "levels": levels,
                        "basis": np.where(levels > 0, POSTERIOR, PRIOR),
                        "training_low": low,
                        "training_high": high,
                        "outside": beyond[on_scale].to_numpy() if on_scale in beyond else False,
                    }
                )
            )
        return pd.concat(parts, ignore_index=True)

    def predictions(self, under: Under, reference: Under | None = None) -> pd.DataFrame:
        """One row per patient, endpoint and time; differences from a reference, if there is one."""
        beyond = self._is_outside(under)
        if reference is not None:
            beyond |= self._is_outside(reference)
        parts = []
        for place, endpoint in enumerate(self.model.endpoints):
            survival = endpoint.kind == "survival"
            times = self.grid.horizons if survival else np.array([np.nan])
            columns = np.searchsorted(self.grid.all, times) if survival else np.array([0])
            estimate = under.estimates[place][:, columns]
            values = under.values[place][..., columns]
            if reference is not None:
                estimate = estimate - reference.estimates[place][:, columns]
                values = values - reference.values[place][..., columns]
            low, high = _interval(values, estimate)
            names = {"regimen": under.name}
            if reference is not None:
                names["reference"] = reference.name
            table = pd.DataFrame(
                {
                    "patient": np.repeat(self.patients, len(times)),
                    **names,
                    "endpoint": endpoint.name,
                    "quantity": QUANTITIES[endpoint.kind],
                    "time": np.tile(times, len(self.patients)),
                    "estimate": estimate.ravel(),
                    "low": low.ravel(),
                    "high": high.ravel(),
                    "outside": np.repeat(beyond, len(times)),
                }
            )
            column = "survival_bound" if survival else "response_set"
            if reference is None and self._is_first(place):
                table[column] = np.repeat(under.columns[place][column], len(times))
            parts.append(table)
        return pd.concat(parts, ignore_index=True)

    def curves(self, under: Under) -> pd.DataFrame:
        """S(t) of each patient on the grid."""
        parts = []
        for place in self._survival():
            columns = np.searchsorted(self.grid.all, self.grid.curve)
            estimate = under.estimates[place][:, columns]
            low, high = _interval(under.values[place][..., columns], estimate)
            parts.append(
                pd.DataFrame(
                    {
                        "patient": np.repeat(self.patients, len(self.grid.curve)),
                        "regimen": under.name,
                        "time": np.tile(self.grid.curve, len(self.patients)),
                        "survival": estimate.ravel(),
                        "low": low.ravel(),
                        "high": high.ravel(),
                    }
                )
            )
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def means(self, under: Under) -> pd.DataFrame:
        """Mean over the patients by draw of the effect and the member."""
        parts = []
        for place, endpoint in enumerate(self.model.endpoints):
            times = self.grid.all if endpoint.kind == "survival" else np.array([np.nan])
            mean = under.means[place]
            parts.append(
                pd.DataFrame(
                    {
                        "regimen": under.name,
                        "endpoint": endpoint.name,
                        "quantity": QUANTITIES[endpoint.kind],
                        "draw": np.repeat(np.arange(len(mean)), len(times)),
                        "time": np.tile(times, len(mean)),
                        "patients": len(self.patients),
                        "value": mean.ravel(),
                    }
                )
            )
        return pd.concat(parts, ignore_index=True)

    def _survival(self) -> list[int]:
        return [place for place, endpoint in enumerate(self.model.endpoints) if endpoint.kind == "survival"]

    def _is_first(self, place: int) -> bool:
        """Bounds and sets of a table of predictions belong to the first endpoint of a kind."""
        kinds = [endpoint.kind for endpoint in self.model.endpoints]
        return kinds.index(kinds[place]) == place

    def _is_outside(self, under: Under) -> NDArray[np.bool_]:
        beyond: NDArray[np.bool_] = (
            outside(self.ranges, on_log_scale(under.exposure)[0].loc[self.patients]).any(axis=1).to_numpy()
        )
        return beyond


def effect_table(effect: ExposureEffect) -> pd.DataFrame:
    """Make the table of effects, :attr:`stratomics.pharmacology.twins.result.Twins.effects`.

    Parameters
    ----------
    effect
        Effect of exposure of a model.

    Returns
    -------
    pandas.DataFrame
        One row per endpoint: the ratio for twice the exposure (or 0.1 more of a share of time) and its 90% interval.
    """
    logarithm = effect.measure.startswith("log_")
    step = np.log(2.0) if logarithm else SHARE_STEP
    rows = []
    for name, one in effect.endpoints.items():
        estimate, low, high = (np.exp(step * (one.slope + z * one.error)) for z in (0.0, *norm.ppf(TAILS)))
        rows.append(
            {
                "endpoint": name,
                "measure": effect.measure.removeprefix("log_"),
                "step": "twice" if logarithm else f"+{SHARE_STEP:g}",
                "ratio_of": RATIOS[one.kind],
                "ratio": estimate,
                "low": low,
                "high": high,
                "learned_from": one.source,
                "patients": one.patients,
                "events": one.events,
            }
        )
    return pd.DataFrame(rows)


def _interval(values: Array, estimate: Array) -> tuple[Array, Array]:
    """Quantiles over draws (first axis), which include the estimate."""
    low, high = np.quantile(values, TAILS, axis=0)
    return np.minimum(low, estimate), np.maximum(high, estimate)
