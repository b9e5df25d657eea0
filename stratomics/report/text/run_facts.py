"""Facts of a run in sentences, for the TRIPOD+AI checklist and the model card: each function returns one or two."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from models.config import AUTO
from omics.cohort.spec import randomised_word
from omics.common.registry import resolve
from stratomics.enrichment.from_run import declared
from stratomics.evaluation.comparison import LABELS
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.report.card import CHECKS, Line
from stratomics.report.text.arms import arm_names
from stratomics.report.text.metrics import clinical_advice, interval, metric_label
from stratomics.report.text.numbers import with_p_values
from stratomics.report.text.split_design import independence_sentence, split_design, split_sentence
from stratomics.runs.run_directory import RunDirectory

__all__ = [
    "advice",
    "calibration",
    "card_line",
    "class_imbalance",
    "code",
    "comparison",
    "coverage",
    "depth",
    "endpoint",
    "events",
    "external_validation",
    "missing_data",
    "mixture",
    "model",
    "model_files",
    "performance",
    "predictors",
    "preprocessing",
    "recalibration",
    "sample_size",
    "site_count",
    "site_differences",
    "source",
    "splits",
    "treatments",
    "unusable_inputs",
]


SMALL_GAIN = 0.005
"""Share of the loss of inner validation below which the deep path counts as having added nothing. The best of many
epochs is always a little better than the first, even without any signal."""


def source(run: RunDirectory) -> str:
    """Cohort, digest and number of patients."""
    facts = run.provenance
    title = f" ({facts['title']})" if facts["title"] else ""
    return f"Cohort {facts['cohort']}{title}: {len(run.patients)} patients, digest {str(facts['cohort_digest'])[:12]}."


def endpoint(run: RunDirectory) -> str:
    """Primary endpoint and its kind."""
    unit = run.provenance["unit"]
    kind = f"time to an event in {unit}, with censoring" if run.kind == "survival" else "binary response"
    return f"The primary endpoint is {run.endpoint}: {kind}."


def predictors(run: RunDirectory) -> str:
    """Names of views and covariates."""
    views, covariates = _columns(run, "view."), _columns(run, "covariate.")
    return f"Views: {_listed(views)}. Covariates: {_listed(covariates)}."


def preprocessing(run: RunDirectory) -> str:
    """How features were harmonized."""
    settings = run.config.get("harmonize") or {}
    return (
        f"Features missing in more than {settings.get('max_missing', 0):.0%} of the training patients were excluded. "
        f"At most {settings.get('max_features')} features per view were kept; missing values were imputed "
        f"({settings.get('impute')}) and features were scaled. All steps were fitted on training patients only."
    )


def missing_data(run: RunDirectory) -> str:
    """How missing views were handled."""
    views = run.patients[[c for c in run.patients.columns if c.startswith("view.")]]
    lacking = int((~views.to_numpy(dtype=np.bool_)).any(axis=1).sum())
    return (
        f"{lacking} of {len(views)} patients lack at least one view; none of them was excluded. Missing views are not "
        "imputed: the factors of a patient are estimated from the views that were measured."
    )


def treatments(run: RunDirectory) -> str:
    """Treatment arms, if any."""
    arm = run.provenance.get("arm")
    if arm is None:
        return "No treatment arm is declared; describe the treatments of the patients here."
    randomised = randomised_word(arm["randomised"])
    how = {"yes": "randomised", "no": "not randomised"}.get(randomised, randomised)
    control, treated, _ = declared(run)
    names = arm_names(run)
    shown = [names.get(one, one) for one in (", ".join(treated) or "all others", str(control))]
    return (
        f"Arm {arm['column']}: {' against '.join(shown)}, {how}. The arm and its interactions with the "
        "factors are inputs of the model."
    )


def events(run: RunDirectory) -> str:
    """Numbers of patients and events."""
    outcome = run.outcome
    label = outcome.label[outcome.observed]
    what = "events" if run.kind == "survival" else "positive responses"
    return (
        f"{int(label.sum())} {what} among {len(label)} patients with the endpoint, of {len(outcome.observed)} patients "
        "in total."
    )


def splits(run: RunDirectory) -> str:
    """Which patients trained the models that predicted which patients."""
    return f"{split_sentence(run.provenance)} {independence_sentence(run.provenance)}"


def model(run: RunDirectory) -> str:
    """Type of model, and the baselines."""
    factors, head = run.config["factors"], run.config["head"]
    baselines = _listed([LABELS.get(name, name) for name in run.metrics["baselines"]])
    name = head.get(run.kind, AUTO)
    chosen = "a head that depends on the number of events" if name == AUTO else f"a {name} head"
    return (
        f"Up to {factors['count']} factors ({factors['model']}), then {chosen} on the factors, "
        "the covariates and the leading components of each view. The model is an ensemble with one member per inner "
        f"fold. {mixture(run)} {depth(run)} Baselines: {baselines}."
    )


def mixture(run: RunDirectory) -> str:
    """Weights of the candidates in the final model."""
    weights = sorted(run.mixture_weights.items(), key=lambda one: -one[1])
    if len(weights) == 1:
        return f"It is one candidate alone: {LABELS.get(weights[0][0], weights[0][0])}."
    parts = _listed(f"{LABELS.get(name, name)} {weight:.2f}" for name, weight in weights)
    return f"The model is a mixture of candidates. Weights of their recalibrated estimates: {parts}."


def depth(run: RunDirectory) -> str:
    """State whether the deep path of the network lowered the loss of inner validation."""
    history = run.training_history(None)
    if history.empty:
        return "The deep path of the network was not trained."
    start = history[history["epoch"] == 0].set_index("member")["validation_loss"]
    least = history.groupby("member")["validation_loss"].min()
    gain = float(((start - least) / start.abs()).mean())
    figure = f"lowered the loss of inner validation by {gain:.1%}"
    if gain < SMALL_GAIN:
        return f"The deep path of the network added nothing here: it {figure}."
    return f"The deep path of the network {figure}."


def recalibration(_: RunDirectory) -> str:
    """How predictions were recalibrated."""
    return (
        "The mixture was recalibrated as a whole, on held-out predictions of its members. Each candidate alone was "
        "recalibrated in the same way."
    )


def performance(run: RunDirectory) -> str:
    """Metrics with their intervals."""
    metrics = run.metrics
    figures = list(metrics[run.endpoint].items())[:4]
    text = "; ".join(f"{find_metric(key).label} {interval(figure)}" for key, figure in figures)
    return f"{text} ({metrics['intervals']}). The section on performance shows all methods and differences."


def comparison(run: RunDirectory) -> str:
    """How methods were compared."""
    metric = metric_label(run.metrics["metric"])
    return (
        f"Metric declared in advance: {metric}. Methods are compared in pairs on the same patients; "
        f"{run.metrics['intervals']}."
    )


def advice(run: RunDirectory) -> str:
    """Advise the clinical model where stratomics is not shown to be better; else nothing."""
    return clinical_advice(run.metrics, covariates=bool(_columns(run, "covariate.")))


def class_imbalance(run: RunDirectory) -> str:
    """State how rare events were handled."""
    if run.kind == "survival":
        return "Folds are stratified by event; patients were neither resampled nor weighted."
    share = run.response.positive[run.response.observed].mean()
    return (
        f"{share:.0%} of the responses are positive. Folds are stratified by class; patients were neither resampled "
        "nor weighted, so that probabilities stay calibrated. Prediction sets have a coverage guarantee per class."
    )


def external_validation(run: RunDirectory) -> str:
    """Whether the evaluated patients come from another cohort."""
    if split_design(run.provenance) == "external":
        return f"{split_sentence(run.provenance)} The section on the cohort compares both."
    return "No external validation: training patients and evaluated patients come from the same cohort."


def unusable_inputs(run: RunDirectory) -> str:
    """How the model handles missing and unfamiliar inputs."""
    return f"Missing features and views need no imputation. {card_line(run, 'ood')}"


def coverage(run: RunDirectory) -> str:
    """Nominal and observed coverage of prediction sets or survival bounds."""
    rows = [row for row in run.metrics.get("coverage") or () if row["by"] in ("all", "class")]
    if not rows:
        return "No prediction sets or survival bounds were computed."
    observed = "; ".join(
        f"{row['level']}, not available"
        if row["coverage"] is None
        else f"{row['level']} {row['coverage']:.0%}"
        for row in rows
    )
    what = "Lower bounds on survival time" if run.kind == "survival" else "Prediction sets of the response"
    return f"{what} have a nominal coverage of 90%. Observed coverage: {observed}."


def site_differences(run: RunDirectory) -> str:
    """Differences between sites, from the report card."""
    return card_line(run, "sites")


def calibration(run: RunDirectory) -> str:
    """Calibration, from the report card."""
    return card_line(run, "calibration")


def sample_size(run: RunDirectory) -> str:
    """Sample size, from the report card."""
    return card_line(run, "size")


def card_line(run: RunDirectory, check: str) -> str:
    """Verdict and reason of one line of the report card.

    Parameters
    ----------
    run
        A finished run.
    check
        Name in :data:`stratomics.report.card.CHECKS`.

    Returns
    -------
    str
        "Pass", "Watch" or "Fail", and the reason.
    """
    line: Line = resolve(CHECKS, check, "check")(run)
    return f"{line.verdict.capitalize()}: {with_p_values(line.reason)}"


def site_count(run: RunDirectory) -> str:
    """State the number of sites and their patients."""
    if "site" not in run.patients:
        return "No site is declared."
    counts = run.patients["site"].value_counts()
    return f"{len(counts)} sites: " + ", ".join(f"{name} ({n})" for name, n in counts.items()) + "."


def model_files(run: RunDirectory) -> str:
    """Where the fitted model is stored and how to apply it."""
    return (
        "The complete model is in model/ (safetensors and json), fitted to all patients; stratomics predict RUN COHORT "
        f"applies it to new patients. Seed {run.provenance['seed']}."
    )


def code(run: RunDirectory) -> str:
    """Version and command."""
    facts = run.provenance
    version = facts["packages"].get("stratomics", "")
    return f"stratomics {version}: {facts['command']}. The section on provenance lists all packages."


def _columns(run: RunDirectory, prefix: str) -> list[str]:
    return [str(c).removeprefix(prefix) for c in run.patients.columns if str(c).startswith(prefix)]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
