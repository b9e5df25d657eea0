"""Subgroup: the locked rule of who may be enrolled, as a file, and what it says of new patients."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from omics.common.errors import ConfigError, DataError, InputError
from omics.common.files import read_json, write_json

__all__ = ["Subgroup", "selection_rates"]

Array = NDArray[np.float64]

DIRECTIONS = ("above", "below")
MISSING = ("abstain", "score")
EXPLORATORY = (
    "exploratory: the rule was chosen on the patients whose effect is shown, and wants a trial of its own"
)


@dataclass(frozen=True)
class Subgroup:
    """A rule that nobody can move any more.

    Attributes
    ----------
    score
        Name of the score: ``benefit``, ``risk``, or a marker's column.
    cut, direction
        Who is ``"above"`` (or ``"below"``) the cut is eligible; who is exactly at it is not.
    model
        Digest of the model that makes the score; of a marker, which needs none, empty.
    missing
        ``"abstain"``: a patient who lacks a view is not eligible, and is counted apart; ``"score"``: the model
        scores him by what he has.
    prevalence
        Share of the patients who were eligible where the rule was chosen.
    exploratory
        Whether the rule was chosen on the patients whose effect is shown.
    chosen_by
        How the cut came about, in one sentence.
    effects
        What was found in them: name -> estimate, low, high and what it estimates.

    Examples
    --------
    >>> rule = Subgroup("ki67", 14.0)
    >>> rule.eligible(np.array([3.0, 20.0, np.nan]))["eligible"].tolist()
    [False, True, False]
    """

    score: str
    cut: float
    direction: str = "above"
    model: str = ""
    missing: str = "abstain"
    prevalence: float | None = None
    exploratory: bool = True
    chosen_by: str = ""
    effects: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, known in (("direction", DIRECTIONS), ("missing", MISSING)):
            if getattr(self, key) not in known:
                raise ConfigError(f"{key} is '{getattr(self, key)}'; choose one of {', '.join(known)}")
        if not np.isfinite(self.cut):
            raise DataError("the cut of a subgroup is no finite number; choose another")

    @property
    def label(self) -> str:
        """One line for people."""
        return f"{self.score} {self.direction} {self.cut:g}" + (" (exploratory)" if self.exploratory else "")

    def same_rule(self, other: Subgroup) -> bool:
        """Whether both take the same patients, whatever was found in them."""
        parts = ("score", "cut", "direction", "model", "missing")
        return all(getattr(self, part) == getattr(other, part) for part in parts)

    def eligible(
        self, score: Array, sd: Array | None = None, observed: NDArray[np.bool_] | None = None
    ) -> pd.DataFrame:
        """Judge new patients.

        Parameters
        ----------
        score
            (n,) of each, from the model that the rule names; NaN where there is none.
        sd
            (n,) spread of the ensemble around it.
        observed
            (n,) whether a patient has every view that the model was learned with; all do if left out.

        Returns
        -------
        DataFrame
            A row per patient: ``eligible``; ``abstain``, where there is no score, or a view is missing and the rule
            says so; and with `sd` ``agreement``, the share of the ensemble's spread on the side of the verdict.
        """
        beyond = score - self.cut if self.direction == "above" else self.cut - score
        abstain = ~np.isfinite(score)
        if observed is not None and self.missing == "abstain":
            abstain |= ~observed
        table = pd.DataFrame({"eligible": (beyond > 0) & ~abstain, "abstain": abstain})
        if sd is not None:
            distance = np.divide(np.abs(beyond), sd, out=np.full(len(score), np.inf), where=sd > 0)
            table["agreement"] = np.where(abstain, np.nan, norm.cdf(distance))
        return table

    def content(self) -> dict[str, Any]:
        """Content of ``subgroup.json``."""
        status = (
            EXPLORATORY if self.exploratory else "confirmatory: the rule was locked before these patients"
        )
        return {**asdict(self), "status": status}

    def save(self, path: Path) -> None:
        """Write ``subgroup.json``."""
        write_json(path, self.content())

    @classmethod
    def load(cls, path: Path) -> Subgroup:
        """Read what :meth:`save` wrote.

        Raises
        ------
        InputError
            If the file is not of a subgroup.
        """
        content = read_json(path)
        content.pop("status", None)
        try:
            return cls(**content)
        except TypeError as error:
            raise InputError(f"{path}: not a subgroup ({error}); restore the file") from None


def selection_rates(table: pd.DataFrame, group: NDArray[np.str_]) -> pd.DataFrame:
    """Share of the eligible and of the abstaining in each group, since a rule may pass a group by.

    Parameters
    ----------
    table
        Of :meth:`Subgroup.eligible`.
    group
        (n,) such as sex or site.

    Examples
    --------
    >>> rule = Subgroup("marker", 0.0)
    >>> selection_rates(rule.eligible(np.array([1.0, -1.0, 1.0])), np.array(["a", "a", "b"]))
       n  eligible  abstain
    a  2       0.5      0.0
    b  1       1.0      0.0
    """
    grouped = table.groupby(group)
    rates = grouped[["eligible", "abstain"]].mean()
    rates.insert(0, "n", grouped.size())
    return rates
