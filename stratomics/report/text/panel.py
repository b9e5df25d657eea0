"""Sentences and rows about panels, shared by the screen and the report."""

from __future__ import annotations

from dataclasses import dataclass

from stratomics.evaluation.comparison import LABELS, MetricEstimates
from stratomics.evaluation.intervals import Estimate
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.strata.panel.curve import MEASURES, NULL, PanelCurve
from stratomics.strata.panel.details import PanelDetails

__all__ = [
    "FORMS",
    "PanelRow",
    "measure_label",
    "noise_sentences",
    "panel_columns",
    "panel_rows",
    "panel_sentences",
    "reference_name",
]

NULL_NAMES = {
    "response": "prevalence",
    "survival": "Kaplan-Meier curve",
    "benefit": "the same effect for all",
}
OWN_LABELS = {"effect_deviance": "loss of the effect"}
"""Measures of a curve that are no metrics of predictions."""
SLOPE = "calibration_slope"
DISTILLED = (
    "Analytes and weights are learned from the out-of-fold score of the model, which was fitted again without the "
    "patients of each test fold; the share of halves that select an analyte is that of the endpoint."
)
EVENTS_PER_ANALYTE = 5
STABLE = 0.75
FORMS = {
    "linear": "a weighted sum",
    "rank": "a sum of ranks within the patient",
    "ratio": "comparisons of pairs of analytes",
}


@dataclass(frozen=True)
class PanelRow:
    """One row of the table: a number of analytes or a reference, and its cells."""

    name: str
    cells: tuple[str, ...]


def reference_name(name: str, kind: str) -> str:
    """Name of a reference in texts.

    Parameters
    ----------
    name
        A key of the references of a curve.
    kind
        Kind of the endpoint.

    Returns
    -------
    str
        Such as ``prevalence``.
    """
    return NULL_NAMES[kind] if name == NULL else LABELS.get(name, name)


def measure_label(key: str) -> str:
    """Name of a measure of a curve in texts."""
    return OWN_LABELS.get(key) or find_metric(key).label


def panel_columns(curve: PanelCurve) -> list[str]:
    """Headings of the table of :func:`panel_rows`, after the first one."""
    metrics = [measure_label(key) for key in MEASURES[curve.kind]]
    return [*metrics, "calibration slope", f"minus {reference_name(NULL, curve.kind)}", "stability"]


def panel_rows(curve: PanelCurve) -> list[PanelRow]:
    """Cells of each number of analytes, then of each reference."""
    rows = [
        PanelRow(
            str(point.analytes),
            (
                *_metric_cells(point.metrics, curve.kind),
                _cell(point.differences[NULL], sign=True),
                f"{point.stability['estimate']:.2f}",
            ),
        )
        for point in curve.points
    ]
    references = [
        PanelRow(reference_name(name, curve.kind), (*_metric_cells(metrics, curve.kind), "", ""))
        for name, metrics in curve.references.items()
    ]
    return [*rows, *references]


def _metric_cells(metrics: MetricEstimates, kind: str) -> tuple[str, ...]:
    slope = f"{metrics[SLOPE]['estimate']:.2f}" if SLOPE in metrics else ""
    return (*(_cell(metrics[key]) for key in MEASURES[kind]), slope)


def _cell(value: Estimate, *, sign: bool = False) -> str:
    form = "+.3f" if sign else ".3f"
    if "low" not in value:
        return f"{value['estimate']:{form}}"
    return f"{value['estimate']:{form}} ({value['low']:{form}} to {value['high']:{form}})"


def panel_sentences(curve: PanelCurve, details: PanelDetails | None) -> list[str]:
    """Say what the curve and the locked panel show, one sentence each.

    Parameters
    ----------
    curve
        All sizes.
    details
        The locked panel, if there is one.

    Returns
    -------
    list of str
        The recommendation first.
    """
    loss, number = measure_label(MEASURES[curve.kind][0]), curve.smallest_sufficient
    within = f"the smallest number whose {loss} is within one standard error of the lowest is {number}"
    if curve.reason is None:
        sentences = [f"A panel is recommended: {within}."]
    else:
        sentences = [f"No panel: {within}, and there {curve.reason}."]
    if curve.target == "model":
        sentences.append(DISTILLED)
    for name, value in curve.point(number).differences.items():
        reference = reference_name(name, curve.kind)
        sentences.append(
            f"{loss[0].upper()}{loss[1:]} of {_analytes(number)} minus that of {reference}: {_cell(value, sign=True)}."
        )
    if details is None:
        return [*sentences, "Nothing is locked."]
    return [*sentences, *_locked_sentences(details), *noise_sentences(details)]


def _analytes(number: int) -> str:
    return "1 analyte" if number == 1 else f"{number} analytes"


def _locked_sentences(details: PanelDetails) -> list[str]:
    number = len(details.analytes)
    names = ", ".join(f"{one.view}: {one.feature}" for one in details.analytes)
    sentences = [f"Locked, as {FORMS[details.form]}: {names}."]
    if number * EVENTS_PER_ANALYTE > details.events:
        allowed = details.events // EVENTS_PER_ANALYTE
        sentences.append(
            f"{_analytes(number)} are many for {details.events} events or patients in the smaller class; five of them "
            f"per analyte allow {allowed}."
        )
    unstable = sum(one.in_folds < STABLE for one in details.analytes)
    if unstable:
        sentences.append(
            f"{unstable} of {number} were selected in fewer than three quarters of the outer folds: others may do as "
            "well."
        )
    return sentences


def noise_sentences(details: PanelDetails) -> list[str]:
    """Say what the noise of the assay does, one sentence each."""
    noise = details.noise
    if noise is None:
        return []
    worst = max(range(len(noise.failing)), key=noise.failing.__getitem__)
    analyte = details.analytes[worst]
    other = (
        f"Measured once more, {noise.reclassified:.1%} (SE {noise.standard_error:.1%}) of the patients are on the "
        f"other side of the cut; for a Gaussian score with the cut at its mean it would be {noise.closed_form:.1%}."
    )
    shares = (
        f"Against the score without noise the assay has a sensitivity of {noise.sensitivity:.3f} and a specificity of "
        f"{noise.specificity:.3f}, the options of stratomics enrich."
    )
    failing = (
        f"If one analyte fails, at most {noise.failing[worst]:.1%} of the patients change sides "
        f"({analyte.view}: {analyte.feature})."
    )
    return [other, shares, failing]
