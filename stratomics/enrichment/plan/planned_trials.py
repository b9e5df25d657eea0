"""PlannedTrials: designs for one subgroup side by side, virtual trials of each, and the one that is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stratomics.enrichment.design.trial_design import Assumption, TrialDesign
from stratomics.enrichment.plan.expected_events import ExpectedTrial
from stratomics.enrichment.selection.subgroup import SizingEffects

__all__ = ["DesignComparison", "DesignRow", "PlannedTrials", "VirtualTrialRow"]


@dataclass(frozen=True)
class DesignRow:
    """Size of one design.

    Attributes
    ----------
    design
        Its name, such as ``enrichment``.
    events, patients, tested
        Largest numbers of events (None for a response), of randomised patients, and of assays.
    duration
        Expected time to the final analysis; None if it is unknown.
    cost
        Expected cost.
    multiplicity
        How the error is controlled, in words.
    """

    design: str
    events: int | None
    patients: int
    tested: int
    duration: float | None
    cost: float
    multiplicity: str


@dataclass(frozen=True)
class VirtualTrialRow:
    """Virtual trials of one design under one scenario of the true effect.

    Attributes
    ----------
    truth, plan
        Names of the scenario and of the design.
    reads_as
        What the rejection rate means under the scenario: power, assurance or error.
    rejected, rejected_se
        Share of the trials that reject any hypothesis, and its Monte Carlo standard error.
    duration, randomised, tested, cost
        Means over trials.
    subgroup, all_comers
        Shares that reject in the subgroup and in all patients; for survival only, as are the others below.
    duration_90, events, utility, short
        90% quantile of the duration, means of events and utility, and share of trials that end without all events.
    """

    truth: str
    plan: str
    reads_as: str
    rejected: float
    rejected_se: float
    duration: float | None
    randomised: float
    tested: float
    cost: float
    subgroup: float | None = None
    all_comers: float | None = None
    duration_90: float | None = None
    events: float | None = None
    utility: float | None = None
    short: float | None = None


@dataclass(frozen=True)
class DesignComparison:
    """Probability that design `a` has a higher utility than design `b`, and its Monte Carlo standard error."""

    a: str
    b: str
    probability: float
    se: float


@dataclass(frozen=True)
class PlannedTrials:
    """Designs of the trial that follows.

    Attributes
    ----------
    refused
        Name of a design that cannot be planned -> why.
    design
        The design that ``design.json`` stores; None if no trial can be planned, and then all below is empty.
    designs
        The designs that can be planned.
    assumptions
        What the stored design is based on.
    virtual
        Virtual trials, one row per scenario and design.
    trials
        Virtual trials per row.
    requested
        Name of the design that was requested.
    comparisons
        Each pair of designs.
    effects
        Effects that the trials are sized by, unless the request names one.
    expected
        Events over time and looks of the stored design; None for a response or an adaptive design.
    """

    refused: Mapping[str, str]
    design: TrialDesign | None = None
    designs: tuple[DesignRow, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    virtual: tuple[VirtualTrialRow, ...] = ()
    trials: int = 0
    requested: str = ""
    comparisons: tuple[DesignComparison, ...] = ()
    effects: SizingEffects | None = None
    expected: ExpectedTrial | None = None

    @property
    def scenarios(self) -> list[str]:
        """Names of the scenarios of the true effect, in the order they were run."""
        return list(dict.fromkeys(row.truth for row in self.virtual))
