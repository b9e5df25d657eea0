"""Draw the figures of ``docs/uncertainty.md`` from two runs on a simulated trial: ``python docs/figures.py``."""

from __future__ import annotations

import json
import tempfile
from contextlib import chdir
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import yaml
from matplotlib.figure import Figure

from stratomics.cli import main

PICTURES = Path(__file__).parent / "pictures"
BLUE, ORANGE, RED, GREEN = "#0072B2", "#E69F00", "#D55E00", "#009E73"  # Okabe and Ito
SIMULATE = ["simulate", "trial", "--patients=200", "--seed=1", "--features={rna: 300, protein: 100}"]
RUN = ["run", "configs/default.yaml", "--cohort=trial", "--split.repeats=1", "--runs"]

OOD_LIMIT = 0.95  # the limit of models.calibration.abstention


def run_twice(folder: Path) -> tuple[Path, Path]:
    """Simulate a trial and run it with survival, and then with response, as primary endpoint.

    Returns
    -------
    tuple of Path
        The two run directories, survival first.
    """
    with chdir(folder):
        _call(SIMULATE)
        _call([*RUN, "survival"])
        spec = yaml.safe_load(Path("trial/cohort.yaml").read_text())
        Path("trial/cohort.yaml").write_text(yaml.safe_dump(spec | {"primary": "response"}, sort_keys=False))
        _call([*RUN, "response"])
        survival, response = (
            next((folder / name).glob("*/metrics.json")).parent for name in ("survival", "response")
        )
    return survival, response


def _call(arguments: list[str]) -> None:
    if main(arguments):
        raise SystemExit(f"stratomics {' '.join(arguments)} failed")


def calibration(run: Path) -> Figure:
    """Draw observed against predicted survival."""
    curve = _metrics(run)["curves"]["stratomics"]["calibration"]
    figure, axes = _axes("predicted survival", "observed survival (Kaplan-Meier)", (4.4, 4))
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1)
    axes.plot(curve["x"], curve["y"], color=BLUE)
    return figure


def bounds(run: Path) -> Figure:
    """Draw the coverage of the survival bound, by group."""
    rows = [row for row in _metrics(run)["coverage"] if row["coverage"] is not None][::-1]
    figure, axes = _axes(
        "share of patients who live beyond their bound, 95% interval", "", (7, 0.6 + 0.4 * len(rows))
    )
    for position, row in enumerate(rows):
        axes.plot([row["low"], row["high"]], [position, position], color=BLUE, linewidth=2)
        axes.plot(row["coverage"], position, "o", color=BLUE)
    axes.axvline(0.9, color="#999999", linewidth=1)
    names = ("all" if row["by"] == "all" else f"{row['by']}: {row['level']}" for row in rows)
    axes.set_yticks(
        range(len(rows)), [f"{name} (n = {row['n']})" for name, row in zip(names, rows, strict=True)]
    )
    return figure


def sources(run: Path) -> Figure:
    """Draw epistemic against aleatoric uncertainty."""
    table = _patients(run)
    figure, axes = _axes("aleatoric standard deviation, days", "epistemic standard deviation, days", (6, 4))
    for abstains, colour, name in ((False, BLUE, "predicted"), (True, RED, "the model abstains")):
        rows = table[table["abstain"] == abstains]
        columns = (rows[f"restricted_mean_{source}_sd"] for source in ("aleatoric", "epistemic"))
        axes.plot(*columns, "o", markersize=4, color=colour, label=f"{name} (n = {len(rows)})")
    axes.legend(frameon=False)
    return figure


def ood_score(run: Path) -> Figure:
    """Draw the distribution of the ood score."""
    score = _patients(run)["ood"]
    figure, axes = _axes("ood score", "patients", (6, 3))
    axes.hist(score, bins=np.linspace(0, 1, 21).tolist(), color=BLUE)
    axes.axvline(OOD_LIMIT, color=RED, linewidth=1)
    axes.set_title(f"{(score > OOD_LIMIT).sum()} of {len(score)} above .95", loc="right", fontsize=10)
    return figure


def sets(run: Path) -> Figure:
    """Draw the response sets of responders and of non-responders."""
    table = _patients(run).merge(pd.read_parquet(run / "patients.parquet"), on="sample_id")
    names = ["negative", "negative|positive", "positive"]
    figure, axes = _axes("", "share of the class", (6, 3.2))
    for position, (positive, colour, label) in enumerate(
        ((False, BLUE, "did not respond"), (True, ORANGE, "responded"))
    ):
        predicted_sets = table.loc[table["response"] == positive, "response_set"]
        heights = [float((predicted_sets == name).mean()) for name in names]
        x = np.arange(len(names)) + 0.4 * position - 0.2
        axes.bar(x, heights, width=0.38, color=colour, label=f"{label} (n = {len(predicted_sets)})")
    axes.set_xticks(range(len(names)), ["{negative}", "{negative, positive}", "{positive}"])
    axes.set_ylim(0, 1)
    axes.legend(frameon=False, loc="upper right")
    return figure


def benefit(run: Path) -> Figure:
    """Draw the predicted benefit of each patient, with the spread of the members."""
    table = _patients(run).sort_values("benefit").reset_index(drop=True)
    figure, axes = _axes("patients, by increasing benefit", "benefit in days, ± sd of the members", (7, 3.4))
    low, high = table["benefit"] - table["benefit_sd"], table["benefit"] + table["benefit_sd"]
    axes.fill_between(table.index, low, high, color=GREEN, alpha=0.3, linewidth=0)
    axes.plot(table.index, table["benefit"], color=GREEN)
    axes.axhline(0, color="#999999", linewidth=1)
    return figure


def _metrics(run: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((run / "metrics.json").read_text())
    return content


def _patients(run: Path) -> pd.DataFrame:
    return pd.read_parquet(run / "predictions.parquet")


def _axes(x: str, y: str, size: tuple[float, float]) -> tuple[Figure, Any]:
    figure = Figure(figsize=size)
    axes = figure.add_subplot()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def draw(survival: Path, response: Path) -> None:
    """Draw and save all figures.

    Parameters
    ----------
    survival, response
        Run directories of :func:`run_twice`.
    """
    mpl.rcParams |= {"svg.hashsalt": "stratomics", "svg.fonttype": "none", "font.family": "sans-serif"}
    PICTURES.mkdir(exist_ok=True)
    pictures = [(picture, survival) for picture in (calibration, bounds, sources, ood_score, benefit)]
    for picture, run in [*pictures, (sets, response)]:
        metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        picture(run).savefig(PICTURES / f"{picture.__name__}.svg", metadata=metadata, bbox_inches="tight")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        draw(*run_twice(Path(folder)))
