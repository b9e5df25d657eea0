"""Subgroup: the locked rule of who is eligible, from the threshold of a score to the design of a trial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from omics.common.errors import ConfigError, DataError
from stratomics.enrichment.effects.effect import Effect

__all__ = ["EXPLORATORY", "SelectionRate", "SizingEffects", "Subgroup", "selection_rates"]

Array = NDArray[np.float64]

DIRECTIONS = ("above", "below")
MISSING = ("abstain", "score")
EXPLORATORY = (
    "exploratory: rule and effects come from the same patients, and the rule needs a trial to confirm it"
)
CONFIRMATORY = "confirmatory: the rule was locked before these patients were analysed"


@dataclass(frozen=True)
class SizingEffects:
    """Effects of treatment by which a trial of a subgroup is sized.

    Attributes
    ----------
    inside, outside
        Effects in the subgroup and in the other patients, with 95% intervals.
    source
        Where the effect inside comes from, in one sentence.
    """

    inside: Effect
    outside: Effect
    source: str


@dataclass(frozen=True)
class Subgroup:
    """A locked rule of who is eligible, and what is known of the patients it was chosen on.

    Attributes
    ----------
    score
        Name of the score: ``benefit``, ``risk``, or the column of a marker.
    cut, direction
        Patients ``"above"`` (or ``"below"``) the cut are eligible; patients exactly at the cut are not.
    model
        Digest of the model that computes the score; empty for a marker, which needs no model.
    missing
        ``"abstain"``: a patient who lacks a view is not eligible, and is counted separately; ``"score"``: the model
        scores them by the views they have.
    prevalence
        Share of eligible patients in the cohort in which the rule was chosen.
    exploratory
        Whether the rule was chosen on the same patients as the effects shown.
    chosen_by
        How the cut was chosen, in one sentence.
    effects
        Effects found in the subgroup: what each estimates -> its value.
    members
        (repeats, n) patients whom each cross-fitted rule selects. It is not stored.
    sizing
        Effects by which a trial is sized. They are stored with the plan of the trial and not with the rule.

    Raises
    ------
    ConfigError
        If `direction` or `missing` is unknown.
    DataError
        If the cut is not finite.

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
    effects: Mapping[str, Effect] = field(default_factory=dict)
    members: NDArray[np.bool_] | None = field(
        default=None, compare=False, repr=False, metadata={"stored": False}
    )
    sizing: SizingEffects | None = field(default=None, compare=False, repr=False, metadata={"stored": False})

    def __post_init__(self) -> None:
        for key, known in (("direction", DIRECTIONS), ("missing", MISSING)):
            if getattr(self, key) not in known:
                raise ConfigError(f"{key} is '{getattr(self, key)}'; choose one of {', '.join(known)}")
        if not np.isfinite(self.cut):
            raise DataError("the cut of a subgroup is not a finite number; choose another")

    @property
    def rule(self) -> str:
        """The rule in words, such as ``ki67 above 14``."""
        return f"{self.score} {self.direction} {self.cut:.4g}"

    @property
    def label(self) -> str:
        """The rule in words, with its status where it is exploratory."""
        return f"{self.score} {self.direction} {self.cut:g}" + (" (exploratory)" if self.exploratory else "")

    @property
    def status(self) -> str:
        """Whether the rule is exploratory or confirmatory, in one sentence."""
        return EXPLORATORY if self.exploratory else CONFIRMATORY

    def sized(self) -> tuple[NDArray[np.bool_], SizingEffects]:
        """Get the members and the sizing effects, which a trial is planned from.

        Raises
        ------
        DataError
            If the subgroup has none, such as a rule read from a file.
        """
        if self.members is None or self.sizing is None:
            raise DataError(
                f"the rule '{self.rule}' has no patients and effects to plan from; enrich its run first"
            )
        return self.members, self.sizing

    def same_rule(self, other: Subgroup) -> bool:
        """Whether both rules select the same patients, whatever effects were found in them."""
        parts = ("score", "cut", "direction", "model", "missing")
        return all(getattr(self, part) == getattr(other, part) for part in parts)

    def eligible(
        self, score: Array, sd: Array | None = None, observed: NDArray[np.bool_] | None = None
    ) -> pd.DataFrame:
        """Apply the rule to new patients.

        Parameters
        ----------
        score
            (n,) score of each patient, from the model that the rule names; NaN where there is none.
        sd
            (n,) standard deviation of the ensemble around the score.
        observed
            (n,) whether a patient has every view that the model was fitted with; all do if left out.

        Returns
        -------
        DataFrame
            One row per patient: ``eligible``; ``abstain``, where there is no score, or a view is missing and the rule
            abstains then; and with `sd` ``agreement``, the share of the ensemble's distribution on the same side of
            the cut as the score.
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


@dataclass(frozen=True)
class SelectionRate:
    """Selection by a rule in one group of patients.

    Attributes
    ----------
    n
        Patients of the group.
    eligible, abstain
        Share of them who are eligible, and share for whom the rule abstains.
    """

    n: int
    eligible: float
    abstain: float = 0.0


def selection_rates(table: pd.DataFrame, group: NDArray[np.str_]) -> dict[str, SelectionRate]:
    """Compute the share of eligible patients in each group, since a rule may select few patients of some group.

    Parameters
    ----------
    table
        One row per patient with ``eligible`` and ``abstain``, as from :meth:`Subgroup.eligible`.
    group
        (n,) level of each patient, such as their sex or site.

    Returns
    -------
    dict
        Level -> its selection rate.

    Examples
    --------
    >>> rule = Subgroup("marker", 0.0)
    >>> rates = selection_rates(rule.eligible(np.array([1.0, -1.0, 1.0])), np.array(["a", "a", "b"]))
    >>> rates["a"]
    SelectionRate(n=2, eligible=0.5, abstain=0.0)
    """
    grouped = table.groupby(group)
    means = grouped[["eligible", "abstain"]].mean()
    return {
        str(level): SelectionRate(int(n), float(row["eligible"]), float(row["abstain"]))
        for (level, n), (_, row) in zip(grouped.size().items(), means.iterrows(), strict=True)
    }
