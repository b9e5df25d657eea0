"""Resampling designs: cross-validation, leave-site-out, a declared split, an external cohort."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.config import SplitConfig
from datamodules.exposure.exposure_view import with_exposure
from datamodules.split import Fold, patient_groups, stratified_folds
from omics.cohort.read import cohort_digest, cohort_endpoints, cohort_spec, read_cohort
from omics.common.errors import CohortError, ConfigError, DataError
from omics.common.registry import resolve

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["DESIGNS", "Design", "design_of"]

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Design:
    """The patients of an experiment and how they are split.

    Attributes
    ----------
    cohort
        The cohort with the training patients; ``train`` of a fold holds row numbers of it.
    evaluated
        The cohort with the patients to predict and evaluate; ``test`` of a fold holds row numbers of it.
    folds
        The folds, each with training rows and rows to predict.
    """

    cohort: MuData
    evaluated: MuData
    folds: list[Fold]

    @property
    def digest(self) -> str:
        """SHA-256 of all files that the patients were read from."""
        ours, theirs = cohort_digest(self.cohort), cohort_digest(self.evaluated)
        return ours if ours == theirs else hashlib.sha256(f"{ours}{theirs}".encode()).hexdigest()


def design_of(cohort: MuData, config: SplitConfig, seed: int) -> Design:
    """Build the outer folds of an experiment.

    Parameters
    ----------
    cohort
        All patients of the experiment.
    config
        The design and its settings.
    seed
        Seed of the experiment.

    Returns
    -------
    Design
        Cohorts and outer folds.

    Raises
    ------
    DataError
        If a training set would have no events or only one class, or if no patient could be evaluated.
    """
    make: Callable[[MuData, SplitConfig, int], Design] = resolve(DESIGNS, config.design, "split.design")
    design = make(cohort, config, seed)
    name = cohort_spec(cohort).primary_endpoint
    endpoint = cohort_endpoints(design.cohort).primary()
    for fold in design.folds:
        endpoint.take(fold.train).check_learnable(name)
    return design


def kfold(cohort: MuData, config: SplitConfig, seed: int) -> Design:
    """Repeated k-fold cross-validation, stratified by event or class, and by arm."""
    return Design(cohort, cohort, stratified_folds(cohort, config.folds, config.repeats, seed, "outer"))


def leave_site_out(cohort: MuData, _config: SplitConfig, _seed: int) -> Design:
    """Predict the patients of each site from all other sites; the folds are the sites, without random numbers."""
    sites = _column(cohort, cohort_spec(cohort).site, "site", "leave_site_out")
    codes, names = pd.factorize(sites, sort=True)
    if len(names) < 2:  # noqa: PLR2004  # one cannot be left out
        raise DataError("split.design leave_site_out needs at least two sites; choose kfold")
    _check_groups(cohort, codes, "site", "leave_site_out")
    parts = [(np.flatnonzero(codes != n), np.flatnonzero(codes == n)) for n in range(len(names))]
    return Design(cohort, cohort, [Fold(0, number, *part) for number, part in enumerate(parts)])


def ready_split(cohort: MuData, _config: SplitConfig, _seed: int) -> Design:
    """Predict the patients labelled test in the column `part` from those labelled train."""
    column = cohort_spec(cohort).part
    parts = _column(cohort, column, "part", "part")
    train, test = (np.flatnonzero(parts == name) for name in ("train", "test"))
    if not len(train) or not len(test):
        raise DataError(
            f"column '{column}' leaves no patient to train on, or no patient to test; choose split.design kfold"
        )
    _check_groups(cohort, np.isin(np.arange(cohort.n_obs), test).astype(np.int64), "part", "part")
    evaluated = cohort[test].copy()
    return Design(cohort, evaluated, [Fold(0, 0, train, np.arange(len(test)))])


def external(cohort: MuData, config: SplitConfig, _seed: int) -> Design:
    """Predict the patients of another cohort from all patients of this one."""
    if config.external is None:
        raise ConfigError("split.design external needs another cohort; name it with --split.external COHORT")
    other = with_exposure(read_cohort(config.external))
    ours, theirs = cohort_spec(cohort), cohort_spec(other)
    if ours.primary_endpoint not in theirs.endpoints:
        raise DataError(
            f"cohort '{theirs.name}' has no endpoint '{ours.primary_endpoint}', which is evaluated; "
            "declare it in its cohort.yaml"
        )
    both = set(cohort.obs_names) & set(other.obs_names)
    if both:
        raise DataError(
            f"patient '{min(both)}' is in both cohorts, so the other is not external; "
            "use different ids for different patients"
        )
    return Design(cohort, other, [Fold(0, 0, np.arange(cohort.n_obs), np.arange(other.n_obs))])


DESIGNS = {
    "kfold": "datamodules.resampling:kfold",
    "leave_site_out": "datamodules.resampling:leave_site_out",
    "part": "datamodules.resampling:ready_split",
    "external": "datamodules.resampling:external",
}


def _check_groups(cohort: MuData, parts: Rows, what: str, design: str) -> None:
    """Raise :class:`DataError` if a design parts patients of one group, or copies of a patient."""
    groups = patient_groups(cohort)
    if groups is None:
        return
    of_group = pd.Series(parts).groupby(groups)
    parted = of_group.max() > of_group.min()
    if parted.any():
        rows = np.flatnonzero(groups == parted.idxmax())
        raise DataError(
            f"split.design {design} would part {int(parted.sum())} group(s) of related patients or copies, such as "
            f"{' and '.join(cohort.obs_names[rows[:3]])}; give them the same {what}, or choose kfold"
        )


def _column(cohort: MuData, column: str | None, key: str, design: str) -> pd.Series[str]:
    """(n,) values of a column that cohort.yaml declares, without missing values."""
    if column is None:
        raise ConfigError(
            f"split.design {design} needs the key `{key}` of cohort.yaml; declare it, or choose kfold"
        )
    values = cohort.obs[column]
    # Missing values of `part` are found when the cohort is read; here only a site can be missing.
    if values.isna().any():
        raise CohortError(
            "a patient has no site; enter a site for every patient",
            "missing_site",
            column=column,
            patient=str(cohort.obs_names[int(values.isna().to_numpy().argmax())]),
        )
    text: pd.Series[str] = values.astype(str)
    return text
