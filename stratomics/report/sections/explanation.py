"""The report's section on explanations: what matters to the model, and the rationale of a few patients."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from models.survival.time_unit import TimeUnit, survival_unit
from stratomics.explanation.result import GlobalImportance, PatientDetails
from stratomics.explanation.store import StoredExplanation, load_explanation
from stratomics.report.figures.style import COLOURS, GREY, NARROW, new_figure
from stratomics.report.section import Block, Details, Panel, Section, Table
from stratomics.report.text.rationale import rationale_lines, reference_sentence
from stratomics.runs.run_directory import RunDirectory

__all__ = ["explanation"]

LABELS = {"survival": "Harrell's C", "response": "AUROC"}

STABLE = (
    "A contribution is named if all models compared agree on its direction and it differs from 0 by the jackknife. The "
    "final model was fitted to these patients, so that their predictions are too good."
)


def explanation(run: RunDirectory) -> Section | None:
    """Show what ``stratomics explain`` found for the cohort of the run; None if it was not run."""
    stored = load_explanation(run)
    if stored is None:
        return None
    label = LABELS[run.kind]
    blocks: list[Block] = [
        _panel(stored.importance, label),
        _agreement(stored.importance),
        Details(
            "Show the importance of each covariate, view and block of features",
            [_table(stored.importance, label)],
        ),
    ]
    if run.config.get("tracking", {}).get("patient_data", True) and stored.examples:
        blocks.append(_examples(run, stored))
    return Section("explanation", "Explanation of predictions", blocks)


def _panel(found: GlobalImportance, label: str) -> Panel:
    """Draw the importance of covariates and views, the largest first."""
    rows = found.table[found.table["kind"] != "block"].sort_values("importance", ascending=False)
    clear = rows[rows["low"] > 0]["name"].tolist()
    names = ", ".join(clear) if clear else "no covariate or view"
    sentence = (
        f"{label} lost when the values of a covariate or a view are exchanged between the test patients of an outer "
        f"fold: {_over(rows)} The interval is above 0 for {names}."
    )
    return Panel(
        "importance", "What the predictions depend on", _figure(rows, label), sentence, _shown(rows, label)
    )


def _over(rows: pd.DataFrame) -> str:
    """How many folds there are, and what the interval is."""
    folds = int(rows["folds"].max())
    if folds == 1:
        return "one fold, which gives no interval."
    return f"mean over {folds} folds and 95% interval, corrected for training patients that folds share."


def _figure(rows: pd.DataFrame, label: str) -> Figure:
    figure = new_figure(NARROW, 0.8 + 0.28 * len(rows))
    axes = figure.add_subplot()
    places = np.arange(len(rows))[::-1]
    axes.axvline(0.0, color=GREY, linewidth=0.8)
    axes.hlines(places, rows["low"], rows["high"], color=COLOURS[0])
    axes.plot(rows["importance"], places, "o", color=COLOURS[0], markersize=4)
    axes.set_yticks(
        places,
        [
            f"{name} (view)" if kind == "view" else str(name)
            for name, kind in zip(rows["name"], rows["kind"], strict=True)
        ],
    )
    axes.set_xlabel(f"{label} lost")
    return figure


def _shown(rows: pd.DataFrame, label: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": rows["name"],
            "kind": rows["kind"],
            f"{label} lost": [f"{value:.3f}" for value in rows["importance"]],
            "low": [f"{value:.3f}" for value in rows["low"]],
            "high": [f"{value:.3f}" for value in rows["high"]],
        }
    )


def _agreement(found: GlobalImportance) -> str:
    """Agreement of importance and contributions, and the two inputs that matter most."""
    sentences = []
    if found.agreement is not None:
        sentences.append(
            f"Rank correlation of importance and mean contribution over covariates and views: {found.agreement:.2f}."
        )
    if (top := found.dependence) is not None:
        ranges = [f"{part.max() - part.min():.2f}" for part in top.alone]
        sentences.append(
            f"The two inputs with the largest contributions are {top.names[0]} and {top.names[1]}: from their 5th to "
            f"their 95th percentile the mean prediction changes by {ranges[0]} and {ranges[1]} on the log scale, and "
            f"{top.interaction:.1%} of their joint variance is an interaction."
        )
    return " ".join(sentences) or "There are too few covariates and views to compare."


def _table(found: GlobalImportance, label: str) -> Table:
    rows = found.table
    table = pd.DataFrame(
        {
            "name": rows["name"],
            "what": [
                _what(kind, view, int(n), int(folds))
                for kind, view, n, folds in zip(
                    rows["kind"], rows["view"], rows["features"], rows["folds"], strict=True
                )
            ],
            f"{label} lost": [
                f"{one:.3f} ({low:.3f} to {high:.3f})"
                for one, low, high in zip(rows["importance"], rows["low"], rows["high"], strict=True)
            ],
            "mean contribution": [f"{value:.3f}" for value in rows["contribution"]],
        }
    )
    return Table(
        "importance_table", "Permutation importance, and mean absolute contribution on the log scale", table
    )


def _what(kind: str, view: str, features: int, folds: int) -> str:
    if kind == "view":
        return f"view of {features} features"
    return kind if kind == "covariate" else f"{view}, block of {features} (in {folds} folds)"


def _examples(run: RunDirectory, stored: StoredExplanation) -> Details:
    """Rationale of a few patients."""
    unit = survival_unit(run.survival) if run.kind == "survival" else None
    scale = stored.examples[0].rationale.scale
    blocks: list[Block] = [f"{reference_sentence(stored.reference_patients, scale, stored.folds)} {STABLE}"]
    for one in stored.examples:
        blocks += _example(one, unit, informative=stored.informative)
    return Details("Show the rationale of the highest, middle and lowest prediction", blocks)


def _example(one: PatientDetails, unit: TimeUnit | None, *, informative: bool) -> list[Block]:
    first, *lines = rationale_lines(one, unit, informative)
    return [f"{one.rationale.sample_id}. {first}", lines]
