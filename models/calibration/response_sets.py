"""Sets of responses with a stated coverage of the true response: overall, in each class, or in each group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.calibration.cross_conformal import HeldOutScores, smallest_calibration_size
from models.calibration.density_ratio import ShiftWeights
from omics.common.errors import DataError, FitError, TooFewError
from omics.common.files import read_state, write_state
from omics.common.registry import check_choice

__all__ = ["ALPHA", "TAXONOMIES", "ResponseSets", "sets_as_text"]

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]

ALPHA = 0.1
"""Share of patients whose set may miss their response; coverage is 1 - ALPHA."""

TAXONOMIES: dict[str, Callable[[Numbers, Numbers], Numbers]] = {
    "label": lambda label, group: label,  # noqa: ARG005  # one signature
    "marginal": lambda label, group: np.zeros_like(label),  # noqa: ARG005  # one signature for all taxonomies
    "group": lambda label, group: group,  # noqa: ARG005  # one signature for all taxonomies
}
"""``(label, group) -> category`` of the patients that a new patient is compared with: patients of the same class, all
patients, or patients of the same group. Marginal coverage can be reached by the common class alone; `label` gives
coverage within each class."""


@dataclass(frozen=True)
class ResponseSets:
    """Cross-conformal prediction sets: a class is in the set if its p value is above alpha.

    The nonconformity score of a class is 1 minus its probability, which gives the smallest sets on average (Sadinle,
    Lei and Wasserman 2019, doi 10.1080/01621459.2017.1395341). Coverage within categories is Mondrian (Vovk, Gammerman
    and Shafer 2005, doi 10.1007/b106715). The p values are those of
    :meth:`models.calibration.cross_conformal.HeldOutScores.p_values`: sets miss the response of at most a share 2 alpha
    of the patients, and in practice of about alpha.

    Attributes
    ----------
    alpha
        Share of patients, within a category, whose set may miss their response.
    taxonomy
        A name in TAXONOMIES.
    classes, groups
        Number of classes, and names of the groups.
    held_out
        The calibration patients.
    """

    alpha: float
    taxonomy: str
    classes: int
    groups: tuple[str, ...]
    held_out: HeldOutScores

    @classmethod
    def fit(
        cls,
        probability: Array,
        label: Numbers,
        fold: Numbers,
        taxonomy: str = "label",
        group: NDArray[np.str_] | None = None,
        alpha: float = ALPHA,
    ) -> Self:
        """Learn from the held-out predictions of n patients.

        Parameters
        ----------
        probability
            (n, classes) by the member that held each patient out.
        label
            (n,) number of the true class.
        fold
            (n,) number of the member that held each patient out.
        taxonomy
            A name in TAXONOMIES.
        group
            (n,) labels, for example site or arm; one group by default.
        alpha
            Share of patients whose set may miss their response.

        Raises
        ------
        TooFewError
            If a category has too few patients (fewer than 9 at alpha 0.1). :meth:`fit_unchecked` accepts them.
        FitError
            If a probability is not finite.

        Examples
        --------
        >>> probability = np.linspace(0.02, 0.98, 40)
        >>> both = np.column_stack([1 - probability, probability])
        >>> label = (probability > 0.5).astype(np.int64)
        >>> sets = ResponseSets.fit(both, label, np.arange(40) % 2)
        >>> sets.predict(np.array([[[0.99, 0.01], [0.5, 0.5]]] * 2))
        array([[ True, False],
               [False, False]])
        >>> ResponseSets.fit(both[:25], label[:25], np.arange(25) % 2)
        Traceback (most recent call last):
        ...
        omics.common.errors.TooFewError: class 1 has 5 calibration patients; response sets at alpha 0.1 need 9
        """
        sets = cls.fit_unchecked(probability, label, fold, taxonomy, group, alpha)
        reason = sets.too_few_patients()
        if reason:
            raise TooFewError(reason)
        return sets

    @classmethod
    def fit_unchecked(
        cls,
        probability: Array,
        label: Numbers,
        fold: Numbers,
        taxonomy: str = "label",
        group: NDArray[np.str_] | None = None,
        alpha: float = ALPHA,
    ) -> Self:
        """Learn as :meth:`fit` from any number of patients; a class with too few patients is in every set."""
        check_choice(TAXONOMIES, taxonomy, "taxonomy")
        if not np.isfinite(probability).all():
            raise FitError("a held-out probability of a response is not finite, so sets cannot be calibrated")
        names = np.unique(group) if group is not None else np.array(["all"])
        score = 1.0 - probability[np.arange(len(label)), label]
        category = TAXONOMIES[taxonomy](label, _numbers(names, group, len(label)))
        return cls(
            alpha, taxonomy, probability.shape[1], tuple(names.tolist()), HeldOutScores(score, fold, category)
        )

    def too_few_patients(self) -> str | None:
        """Return a sentence on the categories with too few calibration patients, or None."""
        names = {
            "label": [f"class {number}" for number in range(self.classes)],
            "marginal": ["the cohort"],
            "group": [f"group {name}" for name in self.groups],
        }[self.taxonomy]
        needed = smallest_calibration_size(self.alpha)
        counts = np.bincount(self.held_out.category, minlength=len(names))
        few = [f"{name} has {n}" for name, n in zip(names, counts, strict=True) if n < needed]
        if not few:
            return None
        return f"{', '.join(few)} calibration patients; response sets at alpha {self.alpha:g} need {needed}"

    def p_values(
        self,
        probability: Array,
        group: NDArray[np.str_] | None = None,
        shift: ShiftWeights | None = None,
    ) -> Array:
        """Return the p value (m, classes) of each class for new patients; parameters as in :meth:`predict`."""
        m = probability.shape[1]
        groups = _numbers(np.array(self.groups), group, m)
        weights = (None, None) if shift is None else (shift.held_out, shift.new)
        columns = []
        for number in range(self.classes):
            category = TAXONOMIES[self.taxonomy](np.full(m, number), groups)
            columns.append(self.held_out.p_values(1.0 - probability[:, :, number], category, *weights))
        return np.column_stack(columns)

    def predict(
        self,
        probability: Array,
        group: NDArray[np.str_] | None = None,
        shift: ShiftWeights | None = None,
    ) -> NDArray[np.bool_]:
        """Return whether each class is in the set (m, classes).

        Parameters
        ----------
        probability
            (members, m, classes) of the new patients by all members.
        group
            (m,) labels; all classes are in the set of a patient of an unknown group.
        shift
            Weights of the patients under covariate shift (:class:`models.calibration.density_ratio.DensityRatio`).
        """
        return self.p_values(probability, group, shift) > self.alpha

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        settings = {"alpha": self.alpha, "taxonomy": self.taxonomy, "classes": self.classes}
        write_state(folder, name, settings | {"groups": list(self.groups)}, vars(self.held_out))

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        settings, arrays = read_state(folder, name)
        groups = tuple(settings.pop("groups"))
        return cls(**settings, groups=groups, held_out=HeldOutScores(**arrays))


def sets_as_text(sets: NDArray[np.bool_], names: Sequence[str]) -> NDArray[np.object_]:
    """Write sets as text for tables, with the classes joined by ``|``.

    Parameters
    ----------
    sets
        (n, classes) True if the class is in the set.
    names
        Names of the classes.

    Returns
    -------
    ndarray
        (n,) str.

    Examples
    --------
    >>> sets_as_text(np.array([[True, True], [False, True], [False, False]]), ("negative", "positive")).tolist()
    ['negative|positive', 'positive', '']
    """
    joined = ["|".join(name for name, inside in zip(names, row, strict=True) if inside) for row in sets]
    return np.array(joined, dtype=object)


def _numbers(names: NDArray[np.str_], group: NDArray[np.str_] | None, n: int) -> Numbers:
    """(n,) number of each patient's group, -1 for an unknown group, 0 if there are no groups."""
    if group is None:
        if len(names) > 1:
            raise DataError(
                f"sets were calibrated within the groups {', '.join(names)}; pass the groups of the patients"
            )
        return np.zeros(n, dtype=np.int64)
    place = np.searchsorted(names, group).clip(max=len(names) - 1)
    numbers: Numbers = np.where(names[place] == group, place, -1).astype(np.int64)
    return numbers
