"""The trial that follows from a response run: two proportions, of all comers and of the subgroup."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from omics.common.errors import DesignError
from omics.common.registry import check_choice
from omics.common.seeds import named_generator
from stratomics.enrichment.design.assay import Assay
from stratomics.enrichment.design.trial_design import Assumption, Estimand, TrialDesign
from stratomics.enrichment.design.two_samples import proportions_size
from stratomics.enrichment.plan.survival_plan import MOST, Chosen
from stratomics.enrichment.plan.trial_assumptions import TrialRequest

__all__ = ["Rates", "plan_response"]

Array = NDArray[np.float64]

POPULATIONS = {"all_comers": "all comers", "enrichment": "positive for: {}"}
REJECTION_RATE_NAMES = {"estimate": "power", "drawn": "assurance", "halved": "power", "null": "error"}
"""Truths of a response; a delay has no meaning for it."""
EDGE = 1e-3
"""Nearest that a drawn response rate comes to 0 or 1."""


@dataclass(frozen=True)
class Rates:
    """Response rates of the controls, and what treatment adds; inside the subgroup and outside, each (2, ...)."""

    control: Array
    added: Array

    def among(self, belonging: float) -> tuple[Array, Array]:
        """Rates of controls and treated where the share `belonging` truly is inside."""
        share = np.array([belonging, 1.0 - belonging])
        control = np.clip(self.control, EDGE, 1.0 - EDGE)
        return share @ control, share @ np.clip(control + self.added, EDGE, 1.0 - EDGE)


def plan_response(
    subgroup: Chosen, control: tuple[float, float], request: TrialRequest, seed: int
) -> dict[str, Any]:
    """Size a trial of all comers and one of the subgroup, and run virtual trials of each that can be planned.

    Parameters
    ----------
    subgroup
        Whom to enrol, and the honest differences.
    control
        Response rate of the controls inside and outside.
    asked, seed
        As in :func:`stratomics.enrichment.plan.survival_plan.plan_survival`.

    Returns
    -------
    dict
        As there.
    """
    check_choice(POPULATIONS, request.design, "design")
    inside = subgroup.inside["estimate"] if request.plan_for is None else request.plan_for
    rates = Rates(np.array(control), np.array([inside, subgroup.outside["estimate"]]))
    designs, refused = {}, {}
    for name in POPULATIONS:
        try:
            designs[name] = _design(name, subgroup, rates, request)
        except DesignError as error:
            refused[name] = str(error)
    if not designs:
        return {"refused": refused, "design": None}
    kept = designs.get(request.design) or next(iter(designs.values()))
    prior = {"inside": dict(subgroup.inside), "outside": dict(subgroup.outside), "source": subgroup.source}
    return {
        "designs": [_row(design) for design in designs.values()],
        "refused": refused,
        "assumptions": kept.to_json()["assumptions"],
        "virtual": [
            row for design in designs.values() for row in _virtual(design, subgroup, control, request, seed)
        ],
        "trials": request.trials,
        "asked": request.design,
        "better": [],
        "believed": prior,
        "design": kept.to_json(),
    }


def _belonging(name: str, assay: Assay) -> tuple[float, float]:
    """Share of those enrolled who truly belong, and share of the candidates taken."""
    enriched = name == "enrichment"
    return (assay.positive_predictive_value, assay.positive) if enriched else (assay.prevalence, 1.0)


def _design(name: str, subgroup: Chosen, rates: Rates, request: TrialRequest) -> TrialDesign:
    belonging, taken = _belonging(name, request.assay(subgroup.prevalence))
    control, treated = (float(rate) for rate in rates.among(belonging))
    if treated <= control:
        raise DesignError(
            f"{treated:.3g} of the treated and {control:.3g} of the controls respond: there is no benefit to show; "
            "name the effect that would be worth a trial"
        )
    patients = math.ceil(proportions_size(treated, control, request.power, request.alpha))
    if patients > MOST:
        raise DesignError(f"it would take {patients:,} patients, and {MOST:,} are the most that is looked at")
    tested = 0 if name == "all_comers" else math.ceil(patients / taken)
    estimand = Estimand(
        POPULATIONS[name].format(subgroup.label),
        subgroup.treatment,
        subgroup.endpoint,
        "treatment policy: followed and counted whatever happens; who is lost counts as not responding",
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
        _assumptions(subgroup, rates, request),
    )


def _assumptions(subgroup: Chosen, rates: Rates, request: TrialRequest) -> tuple[Assumption, ...]:
    observed = "observed among the controls of this cohort"
    here = subgroup.source if request.plan_for is None else "asked for, not found in these patients"
    prevalence = f"share of these {len(subgroup.sample_ids)} patients, by cross-fitted rules"
    return (
        Assumption("response rate of controls inside", float(rates.control[0]), observed),
        Assumption("response rate of controls outside", float(rates.control[1]), observed),
        Assumption("difference inside", float(rates.added[0]), here),
        Assumption(
            "difference outside", float(rates.added[1]), "the effect outside the same cut, uncorrected"
        ),
        Assumption("prevalence", subgroup.prevalence, prevalence),
        Assumption("sensitivity", request.sensitivity, request.assay_source),
        Assumption("specificity", request.specificity, request.assay_source),
    )


def _row(design: TrialDesign) -> dict[str, Any]:
    return {
        "design": design.name,
        "events": None,
        "patients": design.patients,
        "tested": design.tested,
        "duration": design.duration,
        "cost": design.cost,
        "multiplicity": design.multiplicity,
    }


def _truths(subgroup: Chosen, trials: int, seed: int) -> Mapping[str, Array]:
    """Name -> differences (2, trials) inside and outside."""
    estimate = np.array([[subgroup.inside["estimate"]], [subgroup.outside["estimate"]]])
    se = np.array([[subgroup.inside["se"]], [subgroup.outside["se"]]])
    drawn = estimate + se * named_generator(seed, "truth", "response").standard_normal((2, trials))
    constant = np.repeat(estimate, trials, axis=1)
    return {"estimate": constant, "drawn": drawn, "halved": constant / 2.0, "null": np.zeros_like(constant)}


def _virtual(
    design: TrialDesign, subgroup: Chosen, control: tuple[float, float], request: TrialRequest, seed: int
) -> list[dict[str, Any]]:
    belonging, _ = _belonging(design.name, request.assay(subgroup.prevalence))
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
            {
                "truth": truth,
                "plan": design.name,
                "reads_as": REJECTION_RATE_NAMES[truth],
                "rejected": rejected,
                "rejected_se": math.sqrt(rejected * (1.0 - rejected) / request.trials),
                "duration": design.duration,
                "randomised": design.patients,
                "tested": design.tested,
                "cost": design.cost,
            }
        )
    return rows
