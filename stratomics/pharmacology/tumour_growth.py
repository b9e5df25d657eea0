"""Growth of tumours in a cohort: what moves it, and how well later sizes of held-out patients are forecast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import TooFewError
from omics.events.tumour_sizes import AFTER_BASELINE
from stratomics.pharmacology.tumour_inputs import TumourInputs
from stratomics.pharmacology.tumour_store import LANDMARKS, StoredGrowth, forecast_errors

if TYPE_CHECKING:
    from torch import Tensor

    from models.tumour.growth_model import GrowthModel, Predictors
    from models.tumour.individual import IndividualGrowth
    from models.tumour.sizes import TumourSizes

__all__ = ["TumourGrowth", "tumour_growth"]

Array = NDArray[np.float64]

WEEK = 8.0
"""Week of the change that is reported."""

POINTS = 60
"""Points of a curve."""

Z = 1.96


@dataclass(frozen=True)
class TumourGrowth:
    """Growth in a cohort.

    Parameters
    ----------
    model, without
        Fitted to all patients, with factors and without.
    patients
        One row per patient, indexed by id: parameters of their curve, time to growth and change at week 8, with 90%
        intervals. All names begin with ``after_baseline_``: they rest on sizes after baseline.
    sizes
        Their sizes, as read: ``patient``, ``time`` (weeks), ``size`` (mm) and ``censored`` (below the limit).
    curves
        One row per patient and time: ``patient``, ``time``, and ``size`` with ``low`` and ``high`` (90% interval).
    forecasts
        One row per landmark and later size above the limit of a held-out patient: ``landmark``, ``patient``, ``time``,
        ``size``, and three forecasts: ``with_factors``, ``without_factors`` and ``last``, the last known size.
    gains
        Log marginal likelihood of the sizes of each held-out patient, with factors minus without, by patient.
    exposure
        Whether exposure is in the models, as their last predictor.
    notes
        What was left out.
    """

    model: GrowthModel
    without: GrowthModel
    patients: pd.DataFrame
    sizes: pd.DataFrame
    curves: pd.DataFrame
    forecasts: pd.DataFrame
    gains: pd.Series[float]
    exposure: bool
    notes: tuple[str, ...]

    def typical(self) -> pd.DataFrame:
        """One row per parameter: ``typical`` value with 95% interval (``low``, ``high``), and ``spread``."""
        from models.tumour.curves import find_curve

        sd = np.sqrt(np.diag(self.model.covariance))[: len(self.model.typical)]
        centre = self.model.typical
        return pd.DataFrame(
            {
                "parameter": find_curve(self.model.curve).parameters,
                "typical": np.exp(centre),
                "low": np.exp(centre - Z * sd),
                "high": np.exp(centre + Z * sd),
                "spread": self.model.spread,
            }
        )

    def slopes(self) -> pd.DataFrame:
        """One row per model and predictor: ``slope`` on the logarithm of a parameter, with 95% interval.

        ``model`` is ``with factors`` or ``without factors``; factors of a cohort with exposure may hold part of it, so
        that its slope in the second model is that of all exposure. ``factor`` says whether the predictor is a factor.
        """
        return pd.concat(
            [_slopes(self.model, "with factors"), _slopes(self.without, "without factors")], ignore_index=True
        )

    def errors(self) -> pd.DataFrame:
        """One row per landmark: ``sizes``, and the root mean squared error of the logarithm of each forecast."""
        return forecast_errors(self.forecasts)

    def gain(self) -> tuple[float, float]:
        """Mean gain in log marginal likelihood per held-out patient by factors, and its standard error."""
        return float(self.gains.mean()), float(self.gains.std(ddof=1) / np.sqrt(len(self.gains)))

    def stored(self) -> StoredGrowth:
        """Return what a run stores, its patients named as in the other tables of a run."""
        gain, error = self.gain()
        return StoredGrowth(
            curve=self.model.curve,
            exposure=self.exposure,
            additive=float(self.model.additive),
            proportional=float(self.model.proportional),
            gain=gain,
            gain_se=error,
            notes=self.notes,
            typical=self.typical(),
            slopes=self.slopes(),
            forecasts=self.forecasts.rename(columns={"patient": "sample_id"}),
            patients=self.patients.rename_axis("sample_id").reset_index(),
        )


def tumour_growth(curve: str, inputs: TumourInputs, generator: np.random.Generator) -> TumourGrowth:
    """Fit growth to the patients of a run, and forecast the sizes of held-out patients.

    Parameters
    ----------
    curve
        Name of the curve.
    inputs
        Sizes, factors, covariates, exposure and outer folds of the patients.
    generator
        Source of random numbers.

    Returns
    -------
    TumourGrowth
        Each forecast is by models that were fitted to the patients of the other folds.

    Raises
    ------
    TooFewError
        No patient is held out, or too few patients have two sizes.
    """
    from models.tumour.fit_growth import fit_growth
    from models.tumour.individual import individual_growth

    sizes, predictors, folds = _tensors(inputs)
    held_out = [fold for fold in np.unique(folds) if np.isfinite(fold)]
    if not held_out:
        raise TooFewError(
            "no patient with tumour sizes is in a test part of the run, so that no forecast can be evaluated"
        )
    tables, gains = [], []
    for fold in held_out:
        test = folds == fold
        table, gain = _evaluated(curve, sizes, predictors, test, generator)
        tables.append(table)
        gains.append(gain)
    model = fit_growth(curve, sizes, predictors)
    found = individual_growth(model, sizes, predictors, generator)
    return TumourGrowth(
        model=model,
        without=fit_growth(curve, sizes, predictors.without_factors()),
        patients=found.table(WEEK).add_prefix(AFTER_BASELINE),
        sizes=inputs.sizes.table,
        curves=_curves(found, sizes),
        forecasts=pd.concat(tables, ignore_index=True),
        gains=pd.concat(gains),
        exposure=inputs.exposure is not None,
        notes=inputs.notes,
    )


def _slopes(model: GrowthModel, name: str) -> pd.DataFrame:
    sd = model.slopes_sd
    return pd.DataFrame(
        {
            "model": name,
            "predictor": model.names,
            "slope": model.slopes,
            "low": model.slopes - Z * sd,
            "high": model.slopes + Z * sd,
            "factor": model.penalised,
        }
    )


def _tensors(inputs: TumourInputs) -> tuple[TumourSizes, Predictors, Array]:
    from models.tumour.growth_model import Predictors
    from models.tumour.sizes import sizes_of

    exposure = [] if inputs.exposure is None else ["exposure"]
    names = (*map(str, inputs.factors), *map(str, inputs.covariates), *exposure)
    predictors = Predictors(
        inputs.factors.to_numpy(float),
        inputs.covariates.to_numpy(float),
        None if inputs.exposure is None else np.array(inputs.exposure, dtype=np.float64),
        names,
    )
    return sizes_of(inputs.sizes.table, inputs.patients), predictors, np.array(inputs.folds, dtype=np.float64)


def _evaluated(
    curve: str,
    sizes: TumourSizes,
    predictors: Predictors,
    test: NDArray[np.bool_],
    generator: np.random.Generator,
) -> tuple[pd.DataFrame, pd.Series[float]]:
    """Fit to the other patients; forecasts and gains of the test patients."""
    import torch

    from models.tumour.fit_growth import fit_growth
    from models.tumour.individual import individual_growth, patient_deviance

    train, held = (torch.from_numpy(np.flatnonzero(rows)) for rows in (~test, test))
    own = sizes.take(held)
    both = {"with_factors": predictors, "without_factors": predictors.without_factors()}
    models = {name: fit_growth(curve, sizes.take(train), one.take(~test)) for name, one in both.items()}
    deviances = {name: patient_deviance(models[name], own, one.take(test)) for name, one in both.items()}
    gains = (deviances["without_factors"] - deviances["with_factors"]) / 2
    tables = []
    for name, landmark in _landmarks(own).items():
        known = own.until(landmark)
        forecasts = {
            key: individual_growth(models[key], known, one.take(test), generator).sizes_at(own.time).numpy()
            for key, one in both.items()
        }
        later = (own.observed & ~own.censored & (own.level > 0) & (own.time > landmark)).numpy()
        row, place = np.nonzero(later)
        tables.append(
            pd.DataFrame(
                {
                    "landmark": name,
                    "patient": own.patients[row],
                    "time": own.time.numpy()[row, place],
                    "size": own.level.numpy()[row, place],
                    **{key: values[row, place] for key, values in forecasts.items()},
                    "last": _last(known)[row],
                }
            )
        )
    return pd.concat(tables, ignore_index=True), pd.Series(gains, own.patients)


def _landmarks(sizes: TumourSizes) -> dict[str, Tensor]:
    """Time of each landmark, (n, 1)."""
    import torch

    first = torch.where(sizes.observed & (sizes.time > 0), sizes.time, torch.inf).amin(1, keepdim=True)
    return dict(zip(LANDMARKS, (torch.zeros_like(first), first), strict=True))


def _last(known: TumourSizes) -> Array:
    """Last known size of each patient, (n,)."""
    import torch

    place = torch.where(known.observed, known.time, -torch.inf).argmax(1, keepdim=True)
    last: Array = torch.gather(known.level, 1, place)[:, 0].numpy()
    return last


def _curves(found: IndividualGrowth, sizes: TumourSizes) -> pd.DataFrame:
    """Curves of all patients up to their last size."""
    import torch

    end = torch.where(sizes.observed, sizes.time, 0.0).amax(1, keepdim=True).clamp(min=1.0)
    weeks = end * torch.linspace(0, 1, POINTS, dtype=end.dtype)
    low, high = found.intervals_at(weeks).unbind(-1)
    columns = {"time": weeks, "size": found.sizes_at(weeks), "low": low, "high": high}
    patients = np.repeat(found.patients.to_numpy(), POINTS)
    return pd.DataFrame(
        {"patient": patients, **{name: value.numpy().ravel() for name, value in columns.items()}}
    )
