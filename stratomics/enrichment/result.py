"""EnrichmentResult: what an enrichment finds, as the command prints it and as reports and notebooks read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stratomics.enrichment.doses import DoseRow
from stratomics.enrichment.effects.benefit_calibration import Policy
from stratomics.enrichment.effects.effect import Effect
from stratomics.enrichment.effects.propensity import Overlap
from stratomics.enrichment.plan.explorer_table import ExplorerTable
from stratomics.enrichment.plan.planned_trials import PlannedTrials
from stratomics.enrichment.selection.adaptive_signature import SignatureTest
from stratomics.enrichment.selection.cut_search import CutSearch
from stratomics.enrichment.selection.heterogeneity import HeterogeneityEvidence
from stratomics.enrichment.selection.prognostic import PrognosticRow
from stratomics.enrichment.selection.subgroup import SelectionRate, Subgroup
from stratomics.enrichment.selection.surrogate_tree import SurrogateTree
from stratomics.enrichment.selection.targeting_curve import Rate
from stratomics.enrichment.selection.threshold_table import ThresholdRow
from stratomics.enrichment.selection.utility import Utility
from stratomics.enrichment.simulated_truth import SimulatedTruth
from stratomics.evaluation.treatment_interaction import Interaction

__all__ = [
    "AnyEnrichment",
    "BenefitChecks",
    "CalibrationLine",
    "CutUtility",
    "EnrichmentResult",
    "MeanBenefit",
    "PrognosticResult",
    "QuantileBenefit",
    "RunFindings",
]


@dataclass(frozen=True)
class MeanBenefit:
    """Doubly robust mean benefit of treatment.

    Attributes
    ----------
    average
        Mean over all patients.
    horizon
        Time up to which survival counts; None for a response.
    truncated
        Share of the patients whose weight was truncated.
    effective_control, effective_treated
        Effective numbers of patients, ``(sum w)^2 / sum w^2``.
    """

    average: Effect
    horizon: float | None
    truncated: float
    effective_control: float
    effective_treated: float


@dataclass(frozen=True)
class CalibrationLine:
    """Best linear predictor of the benefit; a slope of 1 is calibrated, `credible` means an interval above 0."""

    mean: Effect
    slope: Effect
    credible: bool


@dataclass(frozen=True)
class QuantileBenefit:
    """Mean predicted benefit and observed benefit of a quantile group."""

    predicted: float
    observed: Effect


@dataclass(frozen=True)
class BenefitChecks:
    """Whether the benefit that a model predicts is observed, in out-of-fold predictions.

    Attributes
    ----------
    estimand
        What the effects of the threshold table estimate.
    line
        Best linear predictor of the benefit.
    quantiles
        Quarters of the patients by predicted benefit, the lowest first.
    policy
        Value of treating the patients of predicted benefit above 0.
    c_for_benefit
        C-for-benefit; nothing is selected on it.
    """

    estimand: str
    line: CalibrationLine
    quantiles: tuple[QuantileBenefit, ...]
    policy: Policy
    c_for_benefit: float


@dataclass(frozen=True)
class CutUtility:
    """Benefit weighed against toxicity inside a cut."""

    cut: float
    weighed: Utility = field(metadata={"flat": True})


@dataclass(frozen=True, kw_only=True)
class RunFindings:
    """What the enrichment of a run finds beside the threshold table.

    Attributes
    ----------
    repeats, randomised
        Cross-fits of the run, and allocation: ``"yes"``, ``"adaptive"`` or ``"no"``.
    interaction
        Whether relative effects differ as predicted; None if the run did not test it.
    evidence_grade
        Strength of the evidence for the subgroup, in one sentence.
    groups
        Share selected: sex, age, site, arm or views -> level -> rates.
    surrogate_tree
        A tree that approximates the choice; None without numeric covariates.
    arms
        The comparison in words.
    markers
        Covariate -> its enrichment by raw values.
    doses
        Each treated arm and all pooled; empty for two arms.
    plan
        The trial that follows.
    truth
        Truth of a simulated cohort; None for a real one.
    explorer
        Table behind the explorer of the report, stored in a file of its own.
    """

    repeats: int
    randomised: str
    interaction: Interaction | None
    evidence_grade: str
    groups: Mapping[str, Mapping[str, SelectionRate]]
    surrogate_tree: SurrogateTree | None
    arms: str
    markers: Mapping[str, EnrichmentResult]
    doses: tuple[DoseRow, ...]
    plan: PlannedTrials
    truth: SimulatedTruth | None
    explorer: ExplorerTable | None = field(default=None, compare=False, metadata={"stored": False})


@dataclass(frozen=True, kw_only=True)
class EnrichmentResult:
    """Enrichment of a trial by one score.

    Attributes
    ----------
    score
        Its name.
    patients, treated, events
        Numbers of patients, of treated patients, and of events or responses.
    interpretation
        What a difference between arms means under the allocation of the trial.
    measure, measure_label
        Measure of effect, and the same in words.
    follow_up
        Of the coming trial; None for a response.
    rows
        The threshold table, all patients first.
    best
        Position of the chosen cut among the cuts; its row is ``rows[1 + best]``.
    search
        The choice of the cut, corrected; None if only one cut was considered.
    benefit
        Doubly robust mean benefit.
    rate, evidence
        Rank-weighted average treatment effects of the score, and what they allow to conclude.
    subgroup
        The rule to lock.
    warnings
        Sentences to read beside the result.
    checks
        Whether the predicted benefit is observed; None for a marker.
    overlap
        Overlap of the arms in their probability of treatment; None for a randomised trial.
    utility
        Benefit weighed against toxicity, one per cut; None if toxicity is unknown.
    signature
        Adaptive signature design on the covariates; None if it was not requested.
    run
        Further findings in a run; None for a table.
    """

    score: str
    patients: int
    treated: int
    events: int
    interpretation: str
    measure: str
    measure_label: str
    follow_up: float | None
    rows: tuple[ThresholdRow, ...]
    best: int
    search: CutSearch | None
    benefit: MeanBenefit
    rate: Rate
    evidence: HeterogeneityEvidence
    subgroup: Subgroup
    warnings: tuple[str, ...] = ()
    checks: BenefitChecks | None = field(default=None, metadata={"flat": True})
    overlap: Overlap | None = None
    utility: tuple[CutUtility, ...] | None = None
    signature: SignatureTest | None = None
    run: RunFindings | None = field(default=None, metadata={"flat": True})

    @property
    def chosen(self) -> ThresholdRow:
        """Row of the chosen cut."""
        return self.rows[1 + self.best]

    @property
    def corrected(self) -> Effect:
        """Effect inside the chosen cut, corrected for its choice where there was one."""
        return self.chosen.inside if self.search is None else self.search.out_of_bag

    @property
    def ratio(self) -> bool:
        """Whether effects are ratios, so that 1 means no effect."""
        return self.measure == "hazard_ratio"


@dataclass(frozen=True, kw_only=True)
class PrognosticResult:
    """Enrichment of a cohort of one arm by risk.

    Attributes
    ----------
    score
        Name of the score: ``risk`` or ``response_probability``.
    follow_up
        Time that patients are followed; None for a response.
    prognostic
        All patients first, then ever smaller shares of highest score.
    warnings
        Sentences to read beside the result.
    """

    score: str
    follow_up: float | None
    prognostic: tuple[PrognosticRow, ...]
    warnings: tuple[str, ...] = ()


AnyEnrichment = EnrichmentResult | PrognosticResult
"""What ``stratomics enrich`` finds in a run of two arms or more, or of one."""
