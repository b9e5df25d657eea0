"""The report's section on exposure: association with the endpoints, the randomised contrast, fit of the model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.exposure import NOT_FOR_DOSING
from models.survival.time_unit import survival_unit
from omics.cohort.endpoints import Response, Survival
from stratomics.enrichment.from_run import arm_text, declared
from stratomics.evaluation.follow_up import main_horizon
from stratomics.pharmacology.exposure_quarters import ExposureQuarter, outcome_quarters
from stratomics.pharmacology.exposure_response import (
    LARGE_SHRINKAGE,
    DoseContrast,
    covariate_of,
    dose_contrasts,
    dose_of,
    reliability,
    slope_of,
)
from stratomics.pharmacology.run_exposure import RunExposure, load_exposure
from stratomics.report.section import Block, Details, Section, Table
from stratomics.report.sections.exposure_figures import Outcome, check_panel, curve_panel, levels_panel, shown
from stratomics.report.text.arms import arm_names
from stratomics.report.text.exposure import (
    CAUTION,
    is_share,
    measure_name,
    ratio_text,
    shrinkage_sentence,
    target_text,
    unit_of,
    window_text,
)
from stratomics.report.text.kinetic_refit import refit_sentence, refit_table
from stratomics.runs.patients_table import read_endpoint
from stratomics.runs.run_directory import RunDirectory

__all__ = ["exposure"]

MOST_NOTES = 20
THOUSAND = 1000
HOW = (
    "The posterior of each patient rests on their own doses, levels and covariates and on the {model} model, and "
    "never on the outcome. Slopes use posterior means of the logarithm (regression calibration). The reliability of a "
    "measure is the variance of the posterior means over the total variance: 1 if exposure is known exactly."
)
NOT_RANDOMISED = "The dose was not assigned at random, so that this cohort has no causal contrast of doses."


@dataclass(frozen=True)
class _Patients:
    """Exposure and outcomes of the patients of a run, in the order of its table of patients."""

    exposure: RunExposure
    outcomes: tuple[Outcome, ...]
    dose: NDArray[np.float64]
    sample_ids: NDArray[np.str_]

    def covariate(self, measure: str) -> NDArray[np.float64]:
        """(n,) covariate of a measure; NaN for patients without a dose."""
        values = covariate_of(self.exposure, measure).reindex(self.sample_ids)
        return np.array(values, dtype=np.float64)


def exposure(run: RunDirectory) -> Section | None:
    """Show the exposure of the patients; None for a run without doses and levels."""
    saved = load_exposure(run.path)
    if saved is None:
        return None
    dose = np.array(dose_of(saved).reindex(run.sample_ids), dtype=np.float64)
    patients = _Patients(saved, _outcomes(run, saved), dose, run.sample_ids)
    first = next(iter(saved.target), saved.measures[0])
    blocks: list[Block | None] = [
        _introduction(saved),
        *_refit(saved),
        CAUTION,
        Table("exposure-slopes", _slopes_caption(saved), _slopes(patients)),
        shrinkage_sentence(saved),
        *_targets(patients),
        curve_panel(saved, first, patients.covariate(first), patients.outcomes),
        *_randomised(run, patients),
        Details("Show outcomes by quarters of exposure", [_quarters(patients)]),
        Details("Show how exposure was estimated", _estimation(saved)),
        *_fit(saved),
    ]
    return Section("exposure", "Exposure and response", [block for block in blocks if block is not None])


def _outcomes(run: RunDirectory, saved: RunExposure) -> tuple[Outcome, ...]:
    found = []
    for name, (kind, unit) in saved.endpoints.items():
        endpoint = read_endpoint(run.patients, name, unit)
        if not endpoint.observed.any():
            continue
        if isinstance(endpoint, Response):
            toxic = kind == "toxicity" or "toxic" in name.lower()
            found.append(Outcome(name, endpoint, np.nan, name if toxic else f"positive {name}"))
            continue
        horizon = main_horizon(endpoint, run.horizons if name == run.endpoint else ())
        found.append(
            Outcome(name, endpoint, horizon, f"event of {name} by {survival_unit(endpoint).text(horizon)}")
        )
    return tuple(found)


def _introduction(saved: RunExposure) -> str:
    dosed = saved.table["dose"].notna()
    with_levels = saved.table["levels"] > 0
    return (
        f"Exposure to {saved.drug} of {int(dosed.sum())} patients with a dose, {int((dosed & with_levels).sum())} of "
        f"them with a level, by the model {saved.model} (doi {saved.doi}). Doses and levels {window_text(saved)} "
        f"count, which ends before the outcome. AUC is the area under the curve of the level. {NOT_FOR_DOSING}"
    )


def _refit(saved: RunExposure) -> list[Block]:
    if saved.refit is None:
        return []
    sentence = refit_sentence(saved.refit, saved.model)
    if saved.refit.note:
        return [sentence]
    caption = "Published and refitted values of the kinetic model"
    return [sentence, Table("exposure-refit", caption, refit_table(saved.refit))]


def _targets(patients: _Patients) -> list[Block]:
    """Show how many patients are within the targets that the cohort states."""
    saved = patients.exposure
    if not saved.target:
        return []
    rows = [
        {
            "exposure": measure_name(measure),
            "target": target_text(saved, measure),
            **_shares(shown(measure, patients.covariate(measure)), low, high),
        }
        for measure, (low, high) in saved.target.items()
    ]
    return [Table("exposure-target", "Patients below, within and above the target", pd.DataFrame(rows))]


def _shares(values: NDArray[np.float64], low: float, high: float) -> dict[str, str]:
    known = values[np.isfinite(values)]
    parts = {"below": known < low, "within": (known >= low) & (known <= high), "above": known > high}
    return {name: f"{int(part.sum())} ({part.mean():.0%})" for name, part in parts.items()}


def _slopes_caption(saved: RunExposure) -> str:
    shares = any(map(is_share, saved.measures))
    per = (
        "per doubling of exposure, or per 10 percentage points of a share of time"
        if shares
        else "per doubling of exposure"
    )
    return f"Association with the endpoints: hazard ratio (survival) or odds ratio {per}, with 95% interval"


def _slopes(patients: _Patients) -> pd.DataFrame:
    rows = []
    for outcome in patients.outcomes:
        for measure in patients.exposure.measures:
            x = patients.covariate(measure)
            crude = slope_of(outcome.endpoint, x)
            rows.append(
                {
                    "endpoint": outcome.name,
                    "exposure": measure_name(measure),
                    "patients": crude.patients,
                    "events": crude.events,
                    "ratio": "hazard" if isinstance(outcome.endpoint, Survival) else "odds",
                    "crude": ratio_text(crude),
                    "adjusted for the dose": ratio_text(slope_of(outcome.endpoint, x, patients.dose)),
                    "reliability": f"{reliability(patients.exposure, measure):.2f}",
                }
            )
    return pd.DataFrame(rows)


def _randomised(run: RunDirectory, patients: _Patients) -> list[Block]:
    """Show the contrast of randomised doses, or why there is none."""
    control, _, allocation = declared(run)
    if "arm" not in run.patients or control is None:
        return [NOT_RANDOMISED]
    if allocation != "yes":
        return [NOT_RANDOMISED]
    arm = run.patients["arm"].map(arm_text, na_action="ignore").to_numpy(dtype=object)
    names = arm_names(run)
    rows = [
        _contrast_row(outcome, contrast, names)
        for outcome in patients.outcomes
        for contrast in dose_contrasts(outcome.endpoint, arm, patients.dose, control)
    ]
    if not rows:
        return ["The arms have the same doses on average, so that they are no contrast of doses."]
    meaning = (
        "The arms were assigned at random and differ in dose. Their contrast is causal, whatever clearance depends on; "
        "beside it the same per doubling of the dose, to compare it with the slopes of exposure. It is an effect of "
        "all that differs between the arms."
    )
    caption = "Contrast of randomised doses: hazard or odds ratio, with 95% interval"
    return [meaning, Table("exposure-contrast", caption, pd.DataFrame(rows))]


def _contrast_row(outcome: Outcome, contrast: DoseContrast, names: dict[str, str]) -> dict[str, object]:
    return {
        "endpoint": outcome.name,
        "arms": f"{names.get(contrast.arm, contrast.arm)} against {names.get(contrast.control, contrast.control)}",
        "ratio of doses": f"{2.0**contrast.doublings:.2f}",
        "patients": contrast.slope.patients,
        "events": contrast.slope.events,
        "ratio": "hazard" if isinstance(outcome.endpoint, Survival) else "odds",
        "contrast": ratio_text(contrast.slope),
        "per doubling of the dose": ratio_text(contrast.per_doubling),
    }


def _quarters(patients: _Patients) -> Table:
    rows = []
    for outcome in patients.outcomes:
        for measure in patients.exposure.measures:
            quarters = outcome_quarters(outcome.endpoint, patients.covariate(measure), outcome.horizon)
            rows += [
                {
                    "outcome": outcome.risk,
                    "exposure": measure_name(measure),
                    "range": _range_text(measure, one),
                    "unit": unit_of(patients.exposure, measure),
                    "patients": one.patients,
                    "events": one.events,
                    "risk (95% interval)": _risk_text(one),
                }
                for one in quarters
            ]
    caption = "Outcome by quarters of exposure: Kaplan-Meier estimates, or shares with exact intervals"
    return Table("exposure-quarters", caption, pd.DataFrame(rows))


def _range_text(measure: str, quarter: ExposureQuarter) -> str:
    least, most = shown(measure, np.array([quarter.least, quarter.most])).tolist()
    return f"{_number(least)} to {_number(most)}"


def _number(value: float) -> str:
    """Three digits, without an exponent for large values."""
    return f"{value:.0f}" if value >= THOUSAND else f"{value:.3g}"


def _risk_text(quarter: ExposureQuarter) -> str:
    if np.isnan(quarter.risk):
        return "not available"
    return f"{quarter.risk:.0%} ({quarter.low:.0%} to {quarter.high:.0%})"


def _estimation(saved: RunExposure) -> list[Block]:
    shrinkage = pd.DataFrame(
        {
            "parameter": list(saved.shrinkage),
            "shrinkage": [f"{value:.0%}" for value in saved.shrinkage.values()],
            "large": ["yes" if value > LARGE_SHRINKAGE else "no" for value in saved.shrinkage.values()],
        }
    )
    blocks: list[Block] = [
        HOW.format(model="published" if saved.refit is None or saved.refit.note else "refitted"),
        Table("exposure-shrinkage", "Shrinkage of the random effects", shrinkage),
    ]
    if saved.notes:
        more = len(saved.notes) - MOST_NOTES
        rest = [f"{more} more notes are in exposure.json."] if more > 0 else []
        blocks.append([*saved.notes[:MOST_NOTES], *rest])
    return blocks


def _fit(saved: RunExposure) -> list[Block]:
    """Goodness of fit, collapsed."""
    if saved.fit is None:
        return [
            "No patient has a level in the window: exposure is that of the model, given doses and covariates."
        ]
    return [
        Details(
            "Show how well the model describes the levels",
            [levels_panel(saved, saved.fit), check_panel(saved, saved.fit)],
        )
    ]
