"""Learn calibrated panels of several sizes: the selection is repeated in every inner fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DataError
from omics.common.seeds import named_generator
from stratomics.strata.panel.assay.prices import Prices
from stratomics.strata.panel.calibration import PanelCalibration, calibrate
from stratomics.strata.panel.score_path import PanelSettings, ScorePath
from stratomics.strata.panel.target import PanelTarget
from stratomics.strata.panel.values import AssayValues

__all__ = ["CalibratedPanels", "Learning", "folds_of", "learn_panels"]

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Learning:
    """What panels are learned from.

    Attributes
    ----------
    patients
        Values of the training patients.
    target
        What the panel predicts, observed in all of them.
    prices
        Price of each analyte.
    groups
        (n,) code of the group of related patients, who stay in one fold; None if patients are unrelated.
    """

    patients: AssayValues
    target: PanelTarget
    prices: Prices
    groups: Rows | None = None

    def take(self, rows: Rows) -> Learning:
        """Select patients."""
        groups = None if self.groups is None else self.groups[rows]
        return Learning(self.patients.take(rows), self.target.take(rows), self.prices, groups)

    @property
    def events(self) -> int:
        """Number of events, or of patients in the smaller class."""
        return int(min(members.sum() for members in self.target.outcome.required_groups.values()))


@dataclass(frozen=True)
class CalibratedPanels:
    """Panels of several sizes, from one set of patients.

    Attributes
    ----------
    path
        The scores.
    calibrations
        Number of analytes -> calibration of its score.
    held_out
        Number of analytes -> (n,) score of each training patient by a panel of the other folds, which selected its own
        analytes.
    """

    path: ScorePath
    calibrations: Mapping[int, PanelCalibration]
    held_out: Mapping[int, Array]


def learn_panels(
    learning: Learning, numbers: Sequence[int], settings: PanelSettings, seed: int, *names: str | int
) -> CalibratedPanels:
    """Select, fit and calibrate panels.

    Parameters
    ----------
    learning
        The training patients.
    numbers
        Numbers of analytes.
    settings
        How panels are learned.
    seed, names
        Seed and name of the random generators.

    Returns
    -------
    CalibratedPanels
        A panel of each number.
    """
    fold = folds_of(
        learning.target.label, learning.groups, settings.inner_folds, named_generator(seed, *names, "folds")
    )
    held_out = {number: np.zeros(len(learning.patients)) for number in numbers}
    for out in range(settings.inner_folds):
        part = learning.take(np.flatnonzero(fold != out))
        rows = np.flatnonzero(fold == out)
        generator = named_generator(seed, *names, "inner", out)
        path = ScorePath.fit(part.patients, part.target, numbers, part.prices, settings, generator)
        for number, scores in path.estimates(learning.patients.take(rows)).items():
            held_out[number][rows] = scores
    generator = named_generator(seed, *names, "whole")
    whole = ScorePath.fit(learning.patients, learning.target, numbers, learning.prices, settings, generator)
    calibrations = {number: calibrate(held_out[number], learning.target, fold) for number in numbers}
    return CalibratedPanels(whole, calibrations, held_out)


def folds_of(
    label: NDArray[np.generic], groups: Rows | None, folds: int, generator: np.random.Generator
) -> Rows:
    """Split patients into folds with equal shares of each label.

    Parameters
    ----------
    label
        (n,) event, class, or either within an arm.
    groups
        (n,) related patients stay in one fold; None if they are unrelated.
    folds
        Number of folds.
    generator
        Random numbers.

    Returns
    -------
    ndarray
        (n,) number of the fold of each patient.

    Raises
    ------
    DataError
        If there are fewer patients, or groups of them, than folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    units = len(label) if groups is None else len(np.unique(groups))
    _, codes, counts = np.unique(label, return_inverse=True, return_counts=True)
    if units < folds or counts.max() < folds:
        raise DataError(f"{units} patients cannot be split into {folds} folds; lower split.inner_folds")
    # Labels of too few patients are spread with those of the most frequent one.
    codes = np.where(counts[codes] < folds, counts.argmax(), codes)
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    splitter = kind(folds, shuffle=True, random_state=int(generator.integers(2**31)))
    fold = np.empty(len(label), dtype=np.int64)
    for number, (_, test) in enumerate(splitter.split(codes, codes, groups)):
        fold[test] = number
    return fold
