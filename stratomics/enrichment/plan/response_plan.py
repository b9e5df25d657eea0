"""Plan the trial that follows from a response run: two proportions, of all comers and of the subgroup."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from omics.common.errors import DesignError
from omics.common.registry import check_choice
from omics.common.seeds import named_generator
from stratomics.enrichment.design.assay import Assay
from stratomics.enrichment.design.trial_design import Assumption, Estimand, TrialDesign
from stratomics.enrichment.design.two_samples import proportions_size
from stratomics.enrichment.from_run import RunTrial
from stratomics.enrichment.plan.planned_trials import DesignRow, PlannedTrials, VirtualTrialRow
from stratomics.enrichment.plan.survival_plan import MOST
from stratomics.enrichment.plan.trial_assumptions import TrialRequest
from stratomics.enrichment.selection.subgroup import Subgroup

__all__ = ["Rates", "plan_response"]

Array = NDArray[np.float64]

POPULATIONS = {"all_comers": "all comers", "enrichment": "positive for: {}"}
REJECTION_RATE_NAMES = {"estimate": "power", "drawn": "assurance", "halved": "power", "null": "error"}
"""Scenarios of a response -> what the rejection rate means; a delayed effect has no meaning for a response."""
EDGE = 1e-3
"""Smallest distance of a drawn response rate from 0 and 1."""


@dataclass(frozen=True)
class Rates:
    """Response rates of the controls, and differences by treatment, inside and outside the subgroup; (2, ...) each."""

    control: Array
    added: Array

    def among(self, belonging: float) -> tuple[Array, Array]:
        """Rates of controls and treated patients where a share `belonging` of them is truly inside."""
        share = np.array([belonging, 1.0 - belonging])
        control = np.clip(self.control, EDGE, 1.0 - EDGE)
        return share @ control, share @ np.clip(control + self.added, EDGE, 1.0 - EDGE)


def plan_response(
    subgroup: Subgroup, of_run: RunTrial, control: tuple[float, float], request: TrialRequest, seed: int
) -> PlannedTrials:
    """Size a trial of all comers and one of the subgroup, and run virtual trials of each that is feasible.

    Parameters
    ----------
    subgroup
        The patients to enrol, with sizing effects.
    of_run
        The trial of the run.
    control
        Response rate of the controls inside and outside.
    request, seed
        As in :func:`stratomics.enrichment.plan.survival_plan.plan_survival`.

    Returns
    -------
    PlannedTrials
        Without a design where none is feasible.
    """
    check_choice(POPULATIONS, request.design, "design")
    _, sizing = subgroup.sized()
    inside = sizing.inside.estimate if request.plan_for is None else request.plan_for
    rates = Rates(np.array(control), np.array([inside, sizing.outside.estimate]))
    designs, refused = {}, {}
    for name in POPULATIONS:
        try:
            designs[name] = _design(name, subgroup, of_run, rates, request)
        except DesignError as error:
            refused[name] = str(error)
    if not designs:
        return PlannedTrials(refused)
    stored = designs.get(request.design) or next(iter(designs.values()))
    return PlannedTrials(
        refused=refused,
        design=stored,
        designs=tuple(_row(design) for design in designs.values()),
        assumptions=stored.assumptions,
        virtual=tuple(
            row for design in designs.values() for row in _virtual(design, subgroup, control, request, seed)
        ),
        trials=request.trials,
        requested=request.design,
        effects=sizing,
    )


def _belonging(name: str, assay: Assay) -> tuple[float, float]:
    """Share of enrolled patients who are truly inside, and share of the candidates who are enrolled."""
    enriched = name == "enrichment"
    return (assay.positive_predictive_value, assay.positive) if enriched else (assay.prevalence, 1.0)


def _design(
    name: str, subgroup: Subgroup, of_run: RunTrial, rates: Rates, request: TrialRequest
) -> TrialDesign:
    belonging, taken = _belonging(name, _assay(subgroup, request))
    control, treated = (float(rate) for rate in rates.among(belonging))
    if treated <= control:
        raise DesignError(
            f"{treated:.3g} of the treated and {control:.3g} of the controls respond: there is no benefit to show; "
            "name the effect that would be worth a trial"
        )
    patients = math.ceil(proportions_size(treated, control, request.power, request.alpha))
    if patients > MOST:
        raise DesignError(f"it would need {patients:,} patients, and {MOST:,} are the most that is planned")
    tested = 0 if name == "all_comers" else math.ceil(patients / taken)
    estimand = Estimand(
        POPULATIONS[name].format(subgroup.rule),
        of_run.arms,
        of_run.endpoint,
        "treatment policy: all patients are followed and counted; patients lost to follow-up count as not responding",
        "difference of the response rate (two proportions, null pooled)",
    )
    return TrialDesign(
        name,
        estimand,
        request.alpha,
        request.power,
        0.5,
        "one population, one look",
        patients,
        tested,
        (),
        (float(norm.isf(request.alpha)),),
        (None,),
        None if request.accrual is None else patients / (request.accrual * taken),
        request.patient * patients + request.test * tested,
        _assumptions(subgroup, len(of_run.sample_ids), rates, request),
    )


def _assay(subgroup: Subgroup, request: TrialRequest) -> Assay:
    members, _ = subgroup.sized()
    return request.assay(float(members.mean()))


def _assumptions(
    subgroup: Subgroup, patients: int, rates: Rates, request: TrialRequest
) -> tuple[Assumption, ...]:
    members, sizing = subgroup.sized()
    observed = "observed among the controls of this cohort"
    here = sizing.source if request.plan_for is None else "as requested, not found in these patients"
    prevalence = f"share of these {patients} patients, by cross-fitted rules"
    return (
        Assumption("response rate of controls inside", float(rates.control[0]), observed),
        Assumption("response rate of controls outside", float(rates.control[1]), observed),
        Assumption("difference inside", float(rates.added[0]), here),
        Assumption(
            "difference outside", float(rates.added[1]), "the effect outside the same cut, uncorrected"
        ),
        Assumption("prevalence", float(members.mean()), prevalence),
        Assumption("sensitivity", request.sensitivity, request.assay_source),
        Assumption("specificity", request.specificity, request.assay_source),
    )


def _row(design: TrialDesign) -> DesignRow:
    return DesignRow(
        design.name, None, design.patients, design.tested, design.duration, design.cost, design.multiplicity
    )


def _truths(subgroup: Subgroup, trials: int, seed: int) -> Mapping[str, Array]:
    """Scenario -> differences (2, trials) inside and outside."""
    _, sizing = subgroup.sized()
    estimate = np.array([[sizing.inside.estimate], [sizing.outside.estimate]])
    se = np.array([[sizing.inside.se], [sizing.outside.se]])
    drawn = estimate + se * named_generator(seed, "truth", "response").standard_normal((2, trials))
    constant = np.repeat(estimate, trials, axis=1)
    return {"estimate": constant, "drawn": drawn, "halved": constant / 2.0, "null": np.zeros_like(constant)}


def _virtual(
    design: TrialDesign, subgroup: Subgroup, control: tuple[float, float], request: TrialRequest, seed: int
) -> list[VirtualTrialRow]:
    belonging, _ = _belonging(design.name, _assay(subgroup, request))
    treated_n = design.patients // 2
    control_n = design.patients - treated_n
    rows = []
    for truth, added in _truths(subgroup, request.trials, seed).items():
        base = np.repeat(np.array(control)[:, None], request.trials, axis=1)
        low, high = Rates(base, added).among(belonging)
        rng = named_generator(seed, "virtual_response", design.name, truth)
        a, b = rng.binomial(treated_n, high) / treated_n, rng.binomial(control_n, low) / control_n
        pooled = (a * treated_n + b * control_n) / design.patients
        error = np.sqrt(pooled * (1.0 - pooled) * (1.0 / treated_n + 1.0 / control_n))
        z = np.divide(a - b, error, out=np.zeros(request.trials), where=error > 0)
        rejected = float((z > norm.isf(request.alpha)).mean())
        rows.append(
            VirtualTrialRow(
                truth=truth,
                plan=design.name,
                reads_as=REJECTION_RATE_NAMES[truth],
                rejected=rejected,
                rejected_se=math.sqrt(rejected * (1.0 - rejected) / request.trials),
                duration=design.duration,
                randomised=design.patients,
                tested=design.tested,
                cost=design.cost,
            )
        )
    return rows
