"""The report's section on sample size: events per parameter, and the sizes that unpenalised regressions require."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from omics.cohort.endpoints import Survival
from omics.common.files import read_json, read_parquet
from stratomics.evaluation.sample_size import MinimumSize, binary_size, largest_r2, survival_size
from stratomics.report.section import Section, Table
from stratomics.report.text.split_design import split_design
from stratomics.runs.run_directory import RunDirectory

__all__ = ["TrainingSize", "candidate_parameters", "minimum_size", "sample_size", "training_size"]

ASSUMED = {"cautious": 0.15, "strong": 0.5}
"""Nagelkerke's R2 that a model is assumed to reach. Riley et al. 2020 (doi 10.1136/bmj.m441) recommend these values if
nothing is known, and if predictors are strong."""


@dataclass(frozen=True)
class TrainingSize:
    """Patients who trained the models of the primary endpoint.

    Attributes
    ----------
    n
        Patients.
    events
        Events, or patients in the smaller class; None if the run does not store the outcomes of training patients.
    """

    n: int
    events: int | None


def sample_size(run: RunDirectory) -> Section | None:
    """Show events per parameter and minimum sizes; None if the endpoint has one class or no event."""
    share = _share(run)
    if share == 0.0 or (share == 1.0 and run.kind != Survival.kind):
        return None
    counts, training = candidate_parameters(run), training_size(run)
    rows = [_row(run, what, number, training) for what, number in counts.items()]
    columns = ["parameters of", "parameters", _per_parameter(run), *_size_columns()]
    caption = (
        f"{_per_parameter(run).capitalize()}, and the number of patients that an unpenalised regression on as many "
        "candidate parameters requires (Riley et al. 2020)"
    )
    table = Table("sample-size", caption, pd.DataFrame(rows, columns=columns))
    return Section(
        "sample_size", "Sample size", [_opening(run, training), table, _sentences(run, counts, training)]
    )


def candidate_parameters(run: RunDirectory) -> dict[str, int]:
    """Count the candidate parameters of each kind, as far as the files of the run allow.

    A numeric covariate is one parameter, a categorical one has one parameter fewer than levels. Omics are counted in
    two ways: all measured features, and the factors and view components that represent them in the models.
    """
    counts = {}
    clinical = sum(_parameters(run.patients[c]) for c in run.patients.columns if c.startswith("covariate."))
    if clinical:
        counts["covariates"] = clinical
    factors, features = _factors(run), _features(run)
    if factors:
        counts["covariates and factors"] = clinical + factors
        components = int(run.config.get("factors", {}).get("per_view", 0)) * _views(run)
        if components:
            counts["covariates, factors and components of views"] = clinical + factors + components
    if features:
        counts["covariates and all features"] = clinical + features
    return counts


def _parameters(column: pd.Series[Any]) -> int:
    return 1 if pd.api.types.is_numeric_dtype(column) else max(int(column.nunique()) - 1, 0)


def _views(run: RunDirectory) -> int:
    return sum(c.startswith("view.") for c in run.patients.columns)


def _factors(run: RunDirectory) -> int:
    place = run.path / "factors" / "variance_explained.parquet"
    if place.is_file():
        return len(read_parquet(place).columns) - 1
    return int(run.config.get("factors", {}).get("count", 0))


def _features(run: RunDirectory) -> int:
    """Count the measured features of all views; 0 if the run does not list them."""
    place = run.path / "factors" / "reference.harmonizer.json"
    if not place.is_file():
        return 0
    return sum(len(view["measured"]) for view in read_json(place)["views"].values())


def training_size(run: RunDirectory) -> TrainingSize:
    """Count the patients who trained the models; in cross-validation each model had about one fold fewer."""
    design, counts = split_design(run.provenance), run.provenance.get("patients", {})
    if design == "part":
        return TrainingSize(int(counts["trained"]) - int(counts["evaluated"]), None)
    if design == "external":
        return TrainingSize(int(counts["trained"]), None)
    label = run.outcome.label[run.outcome.observed]
    events = int(label.sum())
    return TrainingSize(len(label), events if run.kind == Survival.kind else min(events, len(label) - events))


def minimum_size(run: RunDirectory, parameters: int, assumed: float) -> MinimumSize:
    """Minimum sample size of an unpenalised regression, at the event rate of the evaluated patients.

    Riley et al. 2020, doi 10.1136/bmj.m441.

    Parameters
    ----------
    run
        A finished run.
    parameters
        Number of candidate parameters.
    assumed
        R2 of the model, as a share of the largest possible R2.

    Returns
    -------
    MinimumSize
        Patients required by each criterion.
    """
    if run.kind != Survival.kind:
        share = _share(run)
        return binary_size(parameters, share, assumed * largest_r2(share))
    observed = run.survival.take(np.flatnonzero(run.survival.observed))
    rate, horizon = (
        float(observed.event.sum() / observed.time.sum()),
        float(np.median(observed.time[observed.event])),
    )
    r2 = assumed * largest_r2(_share(run), survival=True)
    return survival_size(parameters, rate, float(observed.time.mean()), horizon, r2)


def _share(run: RunDirectory) -> float:
    """Share of patients with the event, or with a positive response."""
    label = run.outcome.label[run.outcome.observed]
    return float(label.mean()) if len(label) else 0.0


def _per_parameter(run: RunDirectory) -> str:
    return (
        "events per parameter" if run.kind == Survival.kind else "patients in the smaller class per parameter"
    )


def _size_columns() -> list[str]:
    return [f"patients required, R2 {share:.0%} of the maximum" for share in ASSUMED.values()]


def _row(run: RunDirectory, what: str, number: int, training: TrainingSize) -> tuple[str, int, str, int, int]:
    per = "not stored" if training.events is None else f"{training.events / number:.2g}"
    sizes = (minimum_size(run, number, share).patients for share in ASSUMED.values())
    cautious, strong = sizes
    return what, number, per, cautious, strong


def _opening(run: RunDirectory, training: TrainingSize) -> str:
    what = "events" if run.kind == Survival.kind else "patients in the smaller class"
    if training.events is None:
        return (
            f"{training.n} patients trained the models. Their outcomes are not stored with this run, so the event rate "
            "of the evaluated patients is used instead."
        )
    return f"{training.n} patients with {training.events} {what} were available to train the models."


def _sentences(run: RunDirectory, counts: dict[str, int], training: TrainingSize) -> list[str]:
    sentences = []
    if "covariates" in counts:
        number = counts["covariates"]
        size = minimum_size(run, number, ASSUMED["cautious"])
        enough = "reached" if training.n >= size.patients else "not reached"
        parameters = "1 parameter" if number == 1 else f"{number} parameters"
        sentences.append(
            f"An unpenalised regression on the covariates ({parameters}) requires {size.patients} patients if its "
            f"Nagelkerke R2 is 15% of the maximum: {size.shrinkage} for a shrinkage factor of at least 0.9, "
            f"{size.optimism} for an optimism of at most 0.05 in R2, and {size.overall} to estimate the overall risk "
            f"to within 5 percentage points. With {training.n} patients this size is {enough}."
        )
    else:
        sentences.append("There are no covariates, so no clinical regression is considered.")
    sentences += [
        (
            "stratomics is an ensemble of penalised networks. A penalty reduces the effective number of parameters, so "
            "these sizes do not apply to it, nor to the penalised baselines, and no formula does. Out-of-fold "
            "estimates of performance already include the effect of overfitting."
        ),
        (
            "A penalty does not replace patients: its strength is estimated from the same patients, and is most "
            "uncertain when there are few of them (Riley et al. 2021, doi 10.1016/j.jclinepi.2020.12.005). The size "
            "for the overall risk applies to every method."
        ),
    ]
    return sentences
