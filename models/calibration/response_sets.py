"""Sets of responses that hold the true one as often as promised: to everybody, to each class, or to each group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.calibration.cross_conformal import LeftOut, fewest
from models.calibration.density_ratio import ShiftWeights
from omics.common.errors import DataError, FitError, TooFewError
from omics.common.files import read_state, write_state
from omics.common.registry import check_choice

__all__ = ["ALPHA", "TAXONOMIES", "ResponseSets", "written"]

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]

ALPHA = 0.1
"""Share of patients whose set may lack their response."""

TAXONOMIES: dict[str, Callable[[Numbers, Numbers], Numbers]] = {
    "label": lambda label, group: label,  # noqa: ARG005  # one signature
    "marginal": lambda label, group: np.zeros_like(label),  # noqa: ARG005
    "group": lambda label, group: group,  # noqa: ARG005
}
"""With whom a patient is compared, ``(label, group) -> category``: those of the class in question, all, or those of his
group. A promise to everybody may be kept by the common class alone, so that `label` is the one to rely on."""


@dataclass(frozen=True)
class ResponseSets:
    """Cross-conformal sets: a class is in the set unless it would make the patient one of the strangest.

    How strange a class is to a patient is 1 minus its probability, which gives the smallest sets on average (Sadinle,
    Lei and Wasserman 2019, doi 10.1080/01621459.2017.1395341). Promises within categories are Mondrian (Vovk, Gammerman
    and Shafer 2005, doi 10.1007/b106715). p values are those of
    :meth:`models.calibration.cross_conformal.LeftOut.p_values`, with their promise: sets lack the response of at most
    2 alpha of the patients, and in fact of about alpha.

    Attributes
    ----------
    alpha
        Share of patients, within a category, whose set may lack their response.
    taxonomy
        A name in TAXONOMIES.
    classes, groups
        Number of classes, and names of the groups.
    left_out
        The patients that calibrate.
    """

    alpha: float
    taxonomy: str
    classes: int
    groups: tuple[str, ...]
    left_out: LeftOut

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
        """Learn from what members said of n patients whom they left out.

        Parameters
        ----------
        probability
            (n, classes).
        label
            (n,) number of the true class.
        fold
            (n,) number of the member that left each out.
        taxonomy
            A name in TAXONOMIES.
        group
            (n,) labels: a site, an arm; one group if left out.
        alpha
            Share of patients whose set may lack their response.

        Raises
        ------
        TooFewError
            If a category has too few patients (fewer than 9 at alpha 0.1); :meth:`of` takes them nevertheless.
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
        sets = cls.of(probability, label, fold, taxonomy, group, alpha)
        shortfall = sets.shortfall()
        if shortfall:
            raise TooFewError(shortfall)
        return sets

    @classmethod
    def of(
        cls,
        probability: Array,
        label: Numbers,
        fold: Numbers,
        taxonomy: str = "label",
        group: NDArray[np.str_] | None = None,
        alpha: float = ALPHA,
    ) -> Self:
        """Learn as :meth:`fit`, however few they are: a class that cannot be told to be strange is in every set."""
        check_choice(TAXONOMIES, taxonomy, "taxonomy")
        if not np.isfinite(probability).all():
            raise FitError("a left-out probability of a response is not finite, so sets cannot be calibrated")
        names = np.unique(group) if group is not None else np.array(["all"])
        score = 1.0 - probability[np.arange(len(label)), label]
        category = TAXONOMIES[taxonomy](label, _numbers(names, group, len(label)))
        return cls(
            alpha, taxonomy, probability.shape[1], tuple(names.tolist()), LeftOut(score, fold, category)
        )

    def shortfall(self) -> str | None:
        """Say what has too few patients, and how many; None where nothing has."""
        names = {
            "label": [f"class {number}" for number in range(self.classes)],
            "marginal": ["the cohort"],
            "group": [f"group {name}" for name in self.groups],
        }[self.taxonomy]
        needed = fewest(self.alpha)
        counts = np.bincount(self.left_out.category, minlength=len(names))
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
        """(m, classes) how usual each class would be, of new patients; takes what :meth:`predict` takes."""
        m = probability.shape[1]
        groups = _numbers(np.array(self.groups), group, m)
        weights = (None, None) if shift is None else (shift.left_out, shift.new)
        columns = []
        for number in range(self.classes):
            category = TAXONOMIES[self.taxonomy](np.full(m, number), groups)
            columns.append(self.left_out.p_values(1.0 - probability[:, :, number], category, *weights))
        return np.column_stack(columns)

    def predict(
        self,
        probability: Array,
        group: NDArray[np.str_] | None = None,
        shift: ShiftWeights | None = None,
    ) -> NDArray[np.bool_]:
        """(m, classes) whether each class is in the set.

        Parameters
        ----------
        probability
            (members, m, classes) by all members.
        group
            (m,) labels; a group that training did not know gets every class.
        shift
            How much everybody counts where new patients differ from those left out
            (:class:`models.calibration.density_ratio.DensityRatio`).
        """
        return self.p_values(probability, group, shift) > self.alpha

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        settings = {"alpha": self.alpha, "taxonomy": self.taxonomy, "classes": self.classes}
        write_state(folder, name, settings | {"groups": list(self.groups)}, vars(self.left_out))

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        settings, arrays = read_state(folder, name)
        groups = tuple(settings.pop("groups"))
        return cls(**settings, groups=groups, left_out=LeftOut(**arrays))


def written(sets: NDArray[np.bool_], names: Sequence[str]) -> NDArray[np.object_]:
    """(n,) sets as they stand in tables, classes joined by ``|``.

    Examples
    --------
    >>> written(np.array([[True, True], [False, True], [False, False]]), ("negative", "positive")).tolist()
    ['negative|positive', 'positive', '']
    """
    joined = ["|".join(name for name, there in zip(names, row, strict=True) if there) for row in sets]
    return np.array(joined, dtype=object)


def _numbers(names: NDArray[np.str_], group: NDArray[np.str_] | None, n: int) -> Numbers:
    """(n,) number of each patient's group, -1 of one that has no name here; the first if there are no groups."""
    if group is None:
        if len(names) > 1:
            raise DataError(f"sets are kept within the groups {', '.join(names)}; say the groups of patients")
        return np.zeros(n, dtype=np.int64)
    place = np.searchsorted(names, group).clip(max=len(names) - 1)
    numbers: Numbers = np.where(names[place] == group, place, -1).astype(np.int64)
    return numbers
