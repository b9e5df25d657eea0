"""Tables of twins, from the predictions of patients under each regimen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.exposure.cohort_exposure import on_log_scale
from models.prediction import RECEIVED
from stratomics.pharmacology.twins.regimen_exposure import weighted_quantiles
from stratomics.pharmacology.twins.result import LEVEL, POSTERIOR, PRIOR
from stratomics.pharmacology.twins.training_range import outside
from stratomics.pharmacology.twins.under_regimen import Grid, Under

if TYPE_CHECKING:
    from stratomics.fitting.fitted import Fitted

__all__ = ["TwinTables"]

Array = NDArray[np.float64]

TAILS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)


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
            estimate = self._estimate(under, place, times)
            values = under.values[place][..., columns]
            if reference is not None:
                estimate = estimate - self._estimate(reference, place, times)
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
                    "quantity": "survival" if survival else "probability",
                    "time": np.tile(times, len(self.patients)),
                    "estimate": estimate.ravel(),
                    "low": low.ravel(),
                    "high": high.ravel(),
                    "outside": np.repeat(beyond, len(times)),
                }
            )
            column = "survival_bound" if survival else "response_set"
            known = under.prediction.patients
            if reference is None and column in known and self._is_first(place):
                table[column] = np.repeat(known[column].to_numpy(), len(times))
            parts.append(table)
        return pd.concat(parts, ignore_index=True)

    def curves(self, under: Under) -> pd.DataFrame:
        """S(t) of each patient on the grid."""
        parts = []
        for place in self._survival():
            estimate = self._estimate(under, place, self.grid.curve)
            columns = np.searchsorted(self.grid.all, self.grid.curve)
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

    def arms(self, under: Under) -> pd.DataFrame:
        """Mean S(t) over the patients by member."""
        parts = []
        for place in self._survival():
            columns = np.searchsorted(self.grid.all, self.grid.curve)
            mean = under.members[place][..., columns].mean(axis=1)
            parts.append(
                pd.DataFrame(
                    {
                        "regimen": under.name,
                        "member": np.repeat(np.arange(len(mean)), len(self.grid.curve)),
                        "time": np.tile(self.grid.curve, len(mean)),
                        "patients": len(self.patients),
                        "survival": mean.ravel(),
                    }
                )
            )
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

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

    def _estimate(self, under: Under, place: int, times: Array) -> Array:
        """Return the prediction (n, t) at the posterior mean, as `stratomics predict` has it."""
        endpoint = self.model.endpoints[place]
        if endpoint.kind == "survival":
            [curves] = under.prediction.curves()
            rows = pd.Index(curves.sample_ids).get_indexer(self.patients)
            return curves.survival(times)[rows]
        table = under.prediction.response
        if "arm" in table:
            table = table[table["arm"] == RECEIVED]
        table = table[(table["endpoint"] == endpoint.name) & (table["class"] == "positive")]
        found: Array = table.set_index("sample_id")["probability"].loc[self.patients].to_numpy()[:, None]
        return found


def _interval(values: Array, estimate: Array) -> tuple[Array, Array]:
    """Quantiles over draws and members (first axis), which include the estimate."""
    low, high = np.quantile(values, TAILS, axis=0)
    return np.minimum(low, estimate), np.maximum(high, estimate)
