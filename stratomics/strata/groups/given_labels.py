"""Published labels, learned from factors: a discriminant for new patients, calibrated out of fold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedKFold

from omics.common.errors import DataError
from omics.common.files import JsonObject, from_state, to_state
from omics.common.seeds import named_generator

__all__ = ["Discriminant", "FoldCoordinates", "GivenLabels", "LabelAccuracy", "class_name", "label_codes"]

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

FoldCoordinates = Callable[[Rows, Rows], tuple[Array, Array, Array]]
"""``(train rows, test rows) -> (mean of train (m, q), mean of test (t, q), sd of test (t, q))``: coordinates that see
training rows only."""

LEAST_PATIENTS = 5
"""Smallest number of labelled patients of a class, so that each of five folds has one to predict."""

FOLDS, REPEATS = 5, 5

WIDEST = 4.0
"""Largest log of the calibration slope, in either direction."""

MISSING = -1

UNKNOWN = 1e8
"""Standard deviation of a coordinate without information, for which infinity is replaced."""


@dataclass(frozen=True)
class Discriminant:
    """Linear discriminant analysis with one covariance of all classes, shrunken to a multiple of the identity.

    Shrinkage by Ledoit and Wolf 2004, doi 10.1016/S0047-259X(03)00096-4, as in scikit-learn.

    Attributes
    ----------
    prior
        (k,) frequency of each class.
    means
        (k, q) mean coordinates of each class.
    covariance
        (q, q) within the classes.
    """

    prior: Array
    means: Array
    covariance: Array

    @classmethod
    def fit(cls, mean: Array, code: Rows) -> Self:
        """Learn from coordinates (n, q) and the class (n,) of each patient, numbered from 0."""
        model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(mean, code)
        return cls(model.priors_, model.means_, model.covariance_)

    def log_ratio(self, mean: Array, sd: Array) -> Array:
        """(n, k) log density of each class, less a constant of the patient.

        The coordinates of a patient are normal with `mean` (n, q) and `sd` (n, q). Their variance is added to that of
        the classes, so that a patient of whom little is known is assigned with less certainty. An infinite `sd` stands
        for no information.
        """
        variance = np.minimum(sd, UNKNOWN) ** 2
        total = self.covariance + np.einsum("nq,qr->nqr", variance, np.eye(len(self.covariance)))
        difference = mean[:, None] - self.means
        scaled = np.linalg.solve(total, difference.transpose(0, 2, 1))
        distance: Array = np.einsum("nkq,nqk->nk", difference, scaled)
        return -0.5 * distance


@dataclass(frozen=True)
class LabelAccuracy:
    """How well labels are predicted out of fold, as the mean over the repeats.

    Attributes
    ----------
    balanced_accuracy
        Mean over the classes of the share of their patients who are assigned to them.
    log_loss
        Mean of -log p of the patient's class, in nats. The calibration slope of a fold is from the other folds.
    patients
        Number of labelled patients.
    """

    balanced_accuracy: float
    log_loss: float
    patients: int


@dataclass(frozen=True)
class GivenLabels:
    """Probabilities of published labels for new patients.

    Attributes
    ----------
    classes
        (k,) names, sorted.
    discriminant
        Learned from all labelled patients.
    slope
        Of the log densities: below 1 the discriminant is too certain (temperature scaling, Guo et al. 2017,
        arXiv 1706.04599). At 0 each patient has the frequencies of the classes.
    accuracy
        In the training patients, out of fold.
    """

    classes: tuple[str, ...]
    discriminant: Discriminant
    slope: float
    accuracy: LabelAccuracy

    @classmethod
    def fit(
        cls,
        mean: Array,
        label: pd.Series[Any],
        *,
        seed: int = 0,
        repeats: int = REPEATS,
        coordinates_of: FoldCoordinates | None = None,
    ) -> Self:
        """Learn from patients with a label.

        Parameters
        ----------
        mean
            (n, q) coordinates of the patients, as those of new patients will be.
        label
            (n,) published class of each patient; missing for patients who have none.
        seed
            Of the folds.
        repeats
            Number of times that the patients are split into five folds.
        coordinates_of
            Learns the coordinates again in each fold. Without it the given coordinates are used, which saw all
            patients but no label: the accuracy is then slightly too high.

        Returns
        -------
        GivenLabels
            The fitted probabilities and their accuracy out of fold.

        Raises
        ------
        DataError
            If there are fewer than two classes, a class has fewer than five patients, or all labels are missing.
        """
        classes, code = label_codes(label)
        given = coordinates_of or (lambda train, test: (mean[train], mean[test], np.zeros_like(mean[test])))
        known = np.flatnonzero(code != MISSING)
        folds = [_out_of_fold(given, code, known, _state(seed, repeat)) for repeat in range(repeats)]
        discriminant = Discriminant.fit(mean[known], code[known])
        ratios = np.concatenate([ratio for ratio, _ in folds])
        slope = _slope(ratios, np.tile(code[known], repeats), discriminant.prior)
        results = [_accuracy(ratio, fold, code[known], discriminant.prior) for ratio, fold in folds]
        accuracy, loss = np.mean(results, axis=0)
        return cls(classes, discriminant, slope, LabelAccuracy(float(accuracy), float(loss), len(known)))

    def probability(self, mean: Array, sd: Array) -> Array:
        """Calibrated probability (n, k) of each class.

        Parameters
        ----------
        mean, sd
            (n, q) posterior mean and standard deviation of the coordinates of new patients: 0 where they are exact, and
            infinite for a patient without any view, who then gets the frequencies of the classes.

        Returns
        -------
        numpy.ndarray
            Rows sum to 1.
        """
        return np.exp(
            _log_probability(self.discriminant.log_ratio(mean, sd), self.discriminant.prior, self.slope)
        )

    def to_state(self) -> tuple[JsonObject, dict[str, NDArray[Any]]]:
        """Give the settings and arrays that :func:`omics.common.files.write_state` takes."""
        _, arrays = to_state(self.discriminant, "discriminant")
        accuracy, _ = to_state(self.accuracy, "accuracy")
        return {"classes": list(self.classes), "slope": self.slope, "accuracy": accuracy}, arrays

    @classmethod
    def from_state(cls, settings: JsonObject, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Build from what :meth:`to_state` gave."""
        discriminant = from_state(Discriminant, {}, dict(arrays), "discriminant")
        accuracy = LabelAccuracy(**settings["accuracy"])
        return cls(tuple(settings["classes"]), discriminant, settings["slope"], accuracy)


def label_codes(label: pd.Series[Any]) -> tuple[tuple[str, ...], Rows]:
    """Code the classes of a column of labels as numbers.

    Parameters
    ----------
    label
        (n,) class of each patient, or missing.

    Returns
    -------
    classes
        Names, sorted.
    code
        (n,) position in `classes`; -1 without a label.

    Raises
    ------
    DataError
        If all labels are missing, there is one class, or a class has fewer than five patients.

    Examples
    --------
    >>> label_codes(pd.Series(["b", "a", None] * 5))[0]
    ('a', 'b')
    """
    name = f"'{label.name}'" if label.name is not None else "the labels"
    code, values = pd.factorize(label, sort=True)
    if not len(values):
        raise DataError(
            f"no patient has a label of {name}, so nothing can be learned; check the column and the ids"
        )
    if len(values) == 1:
        raise DataError(
            f"{name} has one class, '{values[0]}', so there is nothing to tell apart; give another column"
        )
    counts = np.bincount(code[code != MISSING])
    rarest = int(counts.argmin())
    if counts[rarest] < LEAST_PATIENTS:
        raise DataError(
            f"class '{values[rarest]}' of {name} has {counts[rarest]} patients, and at least {LEAST_PATIENTS} "
            "are needed; merge it with another class or remove its labels"
        )
    return tuple(class_name(value) for value in values), code.astype(np.int64)


def class_name(value: object) -> str:
    """Name of a class that a table gives as text or as a number, which may have become 1.0."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _state(seed: int, repeat: int) -> int:
    return int(named_generator(seed, "given labels", repeat).integers(2**31))


def _out_of_fold(given: FoldCoordinates, code: Rows, known: Rows, state: int) -> tuple[Array, Rows]:
    """Log densities (m, k) of the labelled patients by a discriminant of the other folds, and the fold (m,) of each."""
    splitter = StratifiedKFold(FOLDS, shuffle=True, random_state=state)
    ratio, fold = np.empty((len(known), int(code.max()) + 1)), np.empty(len(known), dtype=np.int64)
    for number, (train, test) in enumerate(splitter.split(known, code[known])):
        mean, new_mean, new_sd = given(known[train], known[test])
        ratio[test] = Discriminant.fit(mean, code[known[train]]).log_ratio(new_mean, new_sd)
        fold[test] = number
    return ratio, fold


def _accuracy(ratio: Array, fold: Rows, code: Rows, prior: Array) -> tuple[float, float]:
    """Balanced accuracy and log loss of one repeat, each fold calibrated by the others."""
    log_probability = np.empty_like(ratio)
    for number in np.unique(fold):
        inside = fold == number
        slope = _slope(ratio[~inside], code[~inside], prior)
        log_probability[inside] = _log_probability(ratio[inside], prior, slope)
    loss = -log_probability[np.arange(len(code)), code].mean()
    return float(balanced_accuracy_score(code, log_probability.argmax(axis=1))), float(loss)


def _slope(ratio: Array, code: Rows, prior: Array) -> float:
    """Calibration slope of the largest likelihood, with a standard normal prior of its log for few patients."""

    def cost(log_slope: float) -> float:
        log_probability = _log_probability(ratio, prior, np.exp(log_slope))
        return float(-log_probability[np.arange(len(code)), code].sum() + log_slope**2 / 2.0)

    return float(np.exp(minimize_scalar(cost, bounds=(-WIDEST, WIDEST), method="bounded").x))


def _log_probability(ratio: Array, prior: Array, slope: float) -> Array:
    log_probability: Array = log_softmax(np.log(prior) + slope * ratio, axis=1)
    return log_probability
