"""Facts of a run in plain words, for the checklists: each function gives a sentence, or two."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from omics.common.registry import resolve
from stratomics.evaluation.comparison import LABELS
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.report.card import CHECKS, Line
from stratomics.report.text.controls_and_views import design_of_run, design_sentence
from stratomics.report.text.metrics import interval, metric_label
from stratomics.runs.run_directory import RunDirectory

__all__ = [
    "balanced",
    "calibrated",
    "code",
    "compared",
    "elsewhere",
    "events",
    "handling",
    "missing_data",
    "model",
    "outcome",
    "parted",
    "performance",
    "predictors",
    "promises",
    "recalibrated",
    "said_by",
    "site_count",
    "sized",
    "source",
    "specification",
    "treatments",
    "unusable",
    "within",
]


def source(run: RunDirectory) -> str:
    """Cohort, digest and number of patients."""
    facts = run.provenance
    title = f" ({facts['title']})" if facts["title"] else ""
    return f"Cohort {facts['cohort']}{title}: {len(run.patients)} patients, digest {str(facts['cohort_digest'])[:12]}."


def outcome(run: RunDirectory) -> str:
    """Endpoint and kind."""
    unit = run.provenance["unit"]
    kind = (
        f"time to an event in {unit}, censored" if run.kind == "survival" else "a response, positive or not"
    )
    return f"The endpoint is {run.endpoint}: {kind}."


def predictors(run: RunDirectory) -> str:
    """Name views and covariates."""
    views, covariates = _named(run, "view."), _named(run, "covariate.")
    return f"Views: {_listed(views)}. Covariates: {_listed(covariates)}."


def handling(run: RunDirectory) -> str:
    """How features were harmonized."""
    keys = run.config.get("harmonize") or {}
    return (
        f"Features missing in more than {keys.get('max_missing', 0):.0%} of the training patients were left out, at "
        f"most {keys.get('max_features')} a view were kept, the rest filled in ({keys.get('impute')}) and scaled; "
        "all of it was learned from training patients only."
    )


def missing_data(run: RunDirectory) -> str:
    """How missing views were dealt with."""
    views = run.patients[[c for c in run.patients.columns if c.startswith("view.")]]
    lacking = int((~views.to_numpy(dtype=np.bool_)).any(axis=1).sum())
    return (
        f"{lacking} of {len(views)} patients lack a view; nobody was left out. A missing view is given no value: the "
        "factors are what the other views say of them."
    )


def treatments(run: RunDirectory) -> str:
    """Arms, if any."""
    arm = run.provenance.get("arm")
    if arm is None:
        return "No arm is declared; what patients were treated with has to be written here."
    how = {"True": "randomised", "False": "not randomised"}.get(
        str(arm["randomised"]), str(arm["randomised"])
    )
    others = "all others" if arm["treated"] is None else arm["treated"]
    said = f"Arm {arm['column']}: {others} against {arm['control']}, {how}"
    return f"{said}; arms enter with their products with the factors."


def events(run: RunDirectory) -> str:
    """Patients and events."""
    seen = run.outcome
    label = seen.label[seen.observed]
    what = "events" if run.kind == "survival" else "positive responses"
    return (
        f"{int(label.sum())} {what} among {len(label)} patients with the endpoint, of {len(seen.observed)}."
    )


def parted(run: RunDirectory) -> str:
    """Who was predicted by models of whom."""
    return f"{design_sentence(run.provenance)} No patient was predicted by a model that saw him."


def model(run: RunDirectory) -> str:
    """Kind of model and its baselines."""
    factors, head = run.config["factors"], run.config["head"]
    others = _listed([LABELS.get(name, name) for name in run.metrics["baselines"]])
    return (
        f"Up to {factors['count']} factors by {factors['model']}, then a {head.get(run.kind, 'cox')} head on "
        "factors, covariates and the leading components of each view; one member of the ensemble an inner fold. "
        f"Beside it: {others}."
    )


def recalibrated(_: RunDirectory) -> str:
    """How predictions were recalibrated."""
    return (
        "The ensemble was recalibrated on patients whom its members had left out, as were ridge and late fusion "
        "beside it; the clinical model and the elastic net were not."
    )


def performance(run: RunDirectory) -> str:
    """Figures with intervals."""
    metrics = run.metrics
    figures = metrics[run.endpoint]
    told = "; ".join(
        f"{find_metric(key).label} {interval(figure)}" for key, figure in list(figures.items())[:4]
    )
    return f"{told} ({metrics['intervals']}). All methods, and differences, are under performance."


def compared(run: RunDirectory) -> str:
    """By what methods were compared, and how."""
    metric = metric_label(run.metrics["metric"])
    said = f"Declared beforehand: {metric}. Methods are compared pair by pair on the same patients"
    return f"{said}; {run.metrics['intervals']}."


def balanced(run: RunDirectory) -> str:
    """Say what was done about rare events."""
    if run.kind == "survival":
        return "Folds have alike many events; nobody was drawn twice or weighted."
    share = run.response.positive[run.response.observed].mean()
    return (
        f"{share:.0%} are positive. Folds have alike many of each class, nobody was drawn twice or weighted, so that "
        "probabilities keep their meaning; sets promise their coverage to each class."
    )


def elsewhere(run: RunDirectory) -> str:
    """Whether those who are evaluated are of another cohort."""
    if design_of_run(run.provenance) == "external":
        return f"{design_sentence(run.provenance)} Compare both cohorts under the cohort."
    return (
        "Nobody of another cohort was evaluated: patients who train and who are evaluated are of one cohort."
    )


def unusable(run: RunDirectory) -> str:
    """Say what the model does with inputs that it does not know."""
    return f"Missing features and views need not be filled in. {said_by(run, 'ood_score')}"


def promises(run: RunDirectory) -> str:
    """Say what sets or bounds promise, and what they kept."""
    rows = [row for row in run.metrics.get("coverage") or () if row["by"] in ("all", "class")]
    if not rows:
        return "No sets or bounds were predicted."
    told = "; ".join(
        f"{row['level']}, not known" if row["coverage"] is None else f"{row['level']} {row['coverage']:.0%}"
        for row in rows
    )
    what = "Lower bounds on time" if run.kind == "survival" else "Sets of responses"
    return f"{what} promise 90% coverage and kept: {told}."


def within(run: RunDirectory) -> str:
    """Differences between sites, as the report card has them."""
    return said_by(run, "sites")


def calibrated(run: RunDirectory) -> str:
    """Whether probabilities are right, as the report card has it."""
    return said_by(run, "calibration")


def sized(run: RunDirectory) -> str:
    """Whether patients are enough, as the report card has it."""
    return said_by(run, "size")


def said_by(run: RunDirectory, check: str) -> str:
    """Verdict and reason of a line of the report card."""
    line: Line = resolve(CHECKS, check, "check")(run)
    return f"{line.verdict.capitalize()}: {line.reason}"


def site_count(run: RunDirectory) -> str:
    """How many sites there are."""
    if "site" not in run.patients:
        return "No site is declared."
    counts = run.patients["site"].value_counts()
    return f"{len(counts)} sites: " + ", ".join(f"{name} ({n})" for name, n in counts.items()) + "."


def specification(run: RunDirectory) -> str:
    """Where the model is."""
    return (
        "The whole model is in model/ (safetensors and json), fitted on all patients; stratomics predict RUN COHORT "
        f"applies it to new ones. Seed {run.provenance['seed']}."
    )


def code(run: RunDirectory) -> str:
    """Release and command."""
    facts = run.provenance
    release = facts["packages"].get("stratomics", "")
    return f"stratomics {release}: {facts['command']}; all packages are under provenance."


def _named(run: RunDirectory, start: str) -> list[str]:
    return [str(c).removeprefix(start) for c in run.patients.columns if str(c).startswith(start)]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
