"""The report's section on sample size: events per parameter, and what regressions without a penalty would ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from omics.cohort.endpoints import Survival
from omics.common.files import read_json, read_parquet
from stratomics.evaluation.sample_size import MinimumSize, binary_size, largest_r2, survival_size
from stratomics.report.section import Section, Table
from stratomics.report.text.controls_and_views import design_of_run
from stratomics.runs.run_directory import RunDirectory

__all__ = ["Learners", "candidates", "learners_of", "minimum_size", "sample_size"]

ASSUMED = {"cautious": 0.15, "strong": 0.5}
"""Nagelkerke's R2 that a model is taken to reach: what Riley et al. 2020 (doi 10.1136/bmj.m441) advise where nothing is
known, and where predictors are strong."""


@dataclass(frozen=True)
class Learners:
    """Those who taught the models of the deciding endpoint.

    Attributes
    ----------
    n
        Patients.
    informing
        Events, or patients of the rarer class; None where the run keeps no outcomes of those who trained.
    """

    n: int
    informing: int | None


def sample_size(run: RunDirectory) -> Section | None:
    """Tell events per parameter and minimum sizes; None where the endpoint has one class, or no event."""
    share = _share(run)
    if share == 0.0 or (share == 1.0 and run.kind != Survival.kind):
        return None
    counts, learners = candidates(run), learners_of(run)
    rows = [_row(run, what, number, learners) for what, number in counts.items()]
    columns = ["parameters of", "parameters", _informing(run), *_size_columns()]
    caption = (
        f"{_informing(run).capitalize()}, those that were candidates, and the patients that a regression without any "
        "penalty on so many would ask for (Riley et al. 2020)"
    )
    table = Table("sample-size", caption, pd.DataFrame(rows, columns=columns))
    return Section(
        "sample_size", "Sample size", [_opening(run, learners), table, _sentences(run, counts, learners)]
    )


def candidates(run: RunDirectory) -> dict[str, int]:
    """Count candidate parameters of each kind, those that the run's files tell.

    Covariates count as they are coded: a number is one, a category one less than its levels. Of omics the features of
    all views as they were measured, and what stands for them in the models: shared factors, and components of each
    view.
    """
    found = {}
    clinical = sum(_parameters(run.patients[c]) for c in run.patients.columns if c.startswith("covariate."))
    if clinical:
        found["covariates"] = clinical
    factors, features = _factors(run), _features(run)
    if factors:
        found["covariates and factors"] = clinical + factors
        components = int(run.config.get("factors", {}).get("per_view", 0)) * _views(run)
        if components:
            found["covariates, factors and components of views"] = clinical + factors + components
    if features:
        found["covariates and all features"] = clinical + features
    return found


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
    """Features of all views as they were measured; 0 where the run keeps no list of them."""
    place = run.path / "factors" / "reference.harmonizer.json"
    if not place.is_file():
        return 0
    return sum(len(view["measured"]) for view in read_json(place)["views"].values())


def learners_of(run: RunDirectory) -> Learners:
    """Count who taught the models; of cross-validation about one fold fewer taught each."""
    design, counts = design_of_run(run.provenance), run.provenance.get("patients", {})
    if design == "part":
        return Learners(int(counts["trained"]) - int(counts["evaluated"]), None)
    if design == "external":
        return Learners(int(counts["trained"]), None)
    label = run.outcome.label[run.outcome.observed]
    events = int(label.sum())
    return Learners(len(label), events if run.kind == Survival.kind else min(events, len(label) - events))


def minimum_size(run: RunDirectory, parameters: int, assumed: float) -> MinimumSize:
    """Patients asked for, at the event rate of the evaluated patients and a share `assumed` of the largest R2."""
    if run.kind != Survival.kind:
        share = _share(run)
        return binary_size(parameters, share, assumed * largest_r2(share))
    seen = run.survival.take(np.flatnonzero(run.survival.observed))
    rate, horizon = float(seen.event.sum() / seen.time.sum()), float(np.median(seen.time[seen.event]))
    r2 = assumed * largest_r2(_share(run), survival=True)
    return survival_size(parameters, rate, float(seen.time.mean()), horizon, r2)


def _share(run: RunDirectory) -> float:
    """Share of the evaluated patients with the event, or with a positive response."""
    label = run.outcome.label[run.outcome.observed]
    return float(label.mean()) if len(label) else 0.0


def _informing(run: RunDirectory) -> str:
    return (
        "events per parameter" if run.kind == Survival.kind else "patients of the rarer class per parameter"
    )


def _size_columns() -> list[str]:
    return [f"patients asked for, R2 {share:.0%} of the largest" for share in ASSUMED.values()]


def _row(run: RunDirectory, what: str, number: int, learners: Learners) -> tuple[str, int, str, int, int]:
    per = "not kept" if learners.informing is None else f"{learners.informing / number:.2g}"
    sizes = (minimum_size(run, number, share).patients for share in ASSUMED.values())
    cautious, strong = sizes
    return what, number, per, cautious, strong


def _opening(run: RunDirectory, learners: Learners) -> str:
    what = "events" if run.kind == Survival.kind else "patients of the rarer class"
    if learners.informing is None:
        return (
            f"{learners.n} patients trained the models; their outcomes are not kept with this run, so that the event "
            "rate of those who were evaluated stands in."
        )
    return f"{learners.n} patients with {learners.informing} {what} are all that the models could learn from."


def _sentences(run: RunDirectory, counts: dict[str, int], learners: Learners) -> list[str]:
    said = []
    if "covariates" in counts:
        number = counts["covariates"]
        size = minimum_size(run, number, ASSUMED["cautious"])
        enough = "enough" if learners.n >= size.patients else "fewer than that"
        parameters = "1 parameter" if number == 1 else f"{number} parameters"
        said.append(
            f"A plain regression on the covariates ({parameters}) would ask for {size.patients} patients where its "
            f"Nagelkerke R2 is 15%: {size.shrinkage} for a shrinkage of at least 0.9, {size.optimism} for an optimism "
            f"of at most 0.05 in R2, {size.overall} to know the overall risk to within 5 points. {learners.n} are "
            f"{enough}."
        )
    else:
        said.append("There are no covariates, so a clinical regression asks for nobody.")
    said += [
        (
            "Ours is an ensemble of penalised networks: a penalty lets many parameters share few freedoms, so that "
            "these numbers do not hold for it, nor for the penalised baselines, and no formula does. Their out-of-fold "
            "figures already pay for what they overfit."
        ),
        (
            "A penalty is no cure for few patients all the same: how much to shrink is learned from the same few, and "
            "is most uncertain where it is needed most (Riley et al. 2021, doi 10.1016/j.jclinepi.2020.12.005). The "
            "size for the overall risk holds for every method."
        ),
    ]
    return said
