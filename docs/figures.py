"""Draw the pictures of uncertainty.md, from two runs on a simulated trial: ``python docs/figures.py`` takes minutes."""

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

UNLIKE = 0.95  # as models.calibration.abstention says


def runs(folder: Path) -> tuple[Path, Path]:
    """Simulate a trial and run it twice: survival decides, then the response."""
    with chdir(folder):
        _do(SIMULATE)
        _do([*RUN, "survival"])
        spec = yaml.safe_load(Path("trial/cohort.yaml").read_text())
        Path("trial/cohort.yaml").write_text(yaml.safe_dump(spec | {"primary": "response"}, sort_keys=False))
        _do([*RUN, "response"])
        survival, response = (
            next((folder / name).glob("*/metrics.json")).parent for name in ("survival", "response")
        )
    return survival, response


def _do(words: list[str]) -> None:
    if main(words):
        raise SystemExit(f"stratomics {' '.join(words)} failed")


def calibration(run: Path) -> Figure:
    """Predicted against observed survival."""
    curve = _metrics(run)["curves"]["stratomics"]["calibration"]
    figure, axes = _axes("predicted survival", "observed survival (Kaplan-Meier)", (4.4, 4))
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1)
    axes.plot(curve["x"], curve["y"], color=BLUE)
    return figure


def bounds(run: Path) -> Figure:
    """Share of each group whose time is above the bound that nine in ten were promised."""
    rows = [row for row in _metrics(run)["coverage"] if row["coverage"] is not None][::-1]
    figure, axes = _axes("share who live beyond their bound, 95% interval", "", (7, 0.6 + 0.4 * len(rows)))
    for place, row in enumerate(rows):
        axes.plot([row["low"], row["high"]], [place, place], color=BLUE, linewidth=2)
        axes.plot(row["coverage"], place, "o", color=BLUE)
    axes.axvline(0.9, color="#999999", linewidth=1)
    names = ("all" if row["by"] == "all" else f"{row['by']}: {row['level']}" for row in rows)
    axes.set_yticks(
        range(len(rows)), [f"{name} (n = {row['n']})" for name, row in zip(names, rows, strict=True)]
    )
    return figure


def sources(run: Path) -> Figure:
    """Draw what nobody could know beside what the members disagree on."""
    table = _patients(run)
    figure, axes = _axes(
        "nobody could know (aleatoric sd, days)", "members disagree (epistemic sd, days)", (6, 4)
    )
    for abstains, colour, name in ((False, BLUE, "predicted"), (True, RED, "the model abstains")):
        rows = table[table["abstain"] == abstains]
        columns = (rows[f"restricted_mean_{source}_sd"] for source in ("aleatoric", "epistemic"))
        axes.plot(*columns, "o", markersize=4, color=colour, label=f"{name} (n = {len(rows)})")
    axes.legend(frameon=False)
    return figure


def ood_score(run: Path) -> Figure:
    """How unlike those of training patients are."""
    score = _patients(run)["ood"]
    figure, axes = _axes("share of training patients who are less unlike", "patients", (6, 3))
    axes.hist(score, bins=np.linspace(0, 1, 21).tolist(), color=BLUE)
    axes.axvline(UNLIKE, color=RED, linewidth=1)
    axes.set_title(f"{(score > UNLIKE).sum()} of {len(score)} above .95", loc="right", fontsize=10)
    return figure


def sets(run: Path) -> Figure:
    """Which sets of responses were given to responders and to the others."""
    table = _patients(run).merge(pd.read_parquet(run / "patients.parquet"), on="sample_id")
    names = ["negative", "negative|positive", "positive"]
    figure, axes = _axes("", "share of the class", (6, 3.2))
    for place, (positive, colour, who) in enumerate(
        ((False, BLUE, "did not respond"), (True, ORANGE, "responded"))
    ):
        given = table.loc[table["response"] == positive, "response_set"]
        heights = [float((given == name).mean()) for name in names]
        where = np.arange(len(names)) + 0.4 * place - 0.2
        axes.bar(where, heights, width=0.38, color=colour, label=f"{who} (n = {len(given)})")
    axes.set_xticks(range(len(names)), ["{negative}", "{negative, positive}", "{positive}"])
    axes.set_ylim(0, 1)
    axes.legend(frameon=False, loc="upper right")
    return figure


def benefit(run: Path) -> Figure:
    """Predicted benefit of each patient, and how far the members agree on it."""
    table = _patients(run).sort_values("benefit").reset_index(drop=True)
    figure, axes = _axes(
        "patients, the smallest benefit first", "benefit in days, +- sd of members", (7, 3.4)
    )
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
    """Write all pictures."""
    mpl.rcParams |= {"svg.hashsalt": "stratomics", "svg.fonttype": "none", "font.family": "sans-serif"}
    PICTURES.mkdir(exist_ok=True)
    pictures = [(picture, survival) for picture in (calibration, bounds, sources, ood_score, benefit)]
    for picture, run in [*pictures, (sets, response)]:
        metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        picture(run).savefig(PICTURES / f"{picture.__name__}.svg", metadata=metadata, bbox_inches="tight")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        draw(*runs(Path(place)))
