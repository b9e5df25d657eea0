"""What the report says and draws of a binary response: calibration of the probability, and how it parts the classes."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from stratomics.evaluation.sets import exact_interval
from stratomics.report.figures import COLOURS, Section, svg
from stratomics.run_directory import RunDirectory

__all__ = ["RESPONSE_LIMITS", "calibration_points", "response_facts", "response_sections"]

Array = NDArray[np.float64]

GROUPS = 5
FEWEST = 15
"""A group of fewer patients says nothing about calibration."""

RESPONSE_LIMITS = (
    (
        "The probabilities of stratomics are recalibrated on patients left out of its fits; the baselines are used as "
        "they come."
    ),
    (
        "AUROC and AUPRC compare patients within a fold; with few patients of a class they are uncertain, as the "
        "intervals show. Chance is 0.5 for AUROC and the share of positive patients for AUPRC."
    ),
)


def response_facts(run: RunDirectory) -> str:
    """Say how many patients are in each class, and how many in none."""
    response = run.response
    positive, known = int(response.positive.sum()), int(response.observed.sum())
    return (
        f"{positive} with a positive {run.endpoint}, {known - positive} with a negative one "
        f"and {len(response.observed) - known} without any"
    )


def response_sections(run: RunDirectory) -> list[Section]:
    """Draw calibration, and the probabilities by observed class."""
    response = run.response
    rows = np.flatnonzero(response.observed)
    positive, ids = response.positive[rows], run.sample_ids[rows]
    patients = run.predictions["stratomics"].patients
    # A patient predicted in several repeats is one patient: repeats are averaged first.
    probability = patients.groupby("sample_id")["response_probability"].mean().loc[list(ids)].to_numpy()
    points = calibration_points(probability, positive)
    return [
        Section(
            "classes",
            "Probability by observed class",
            svg(_draw_classes(probability, positive)),
            _classes_sentence(probability, positive),
        ),
        Section("calibration", "Calibration", svg(_draw_calibration(points)), _calibration_sentence(points)),
    ]


def calibration_points(
    probability: Array, positive: NDArray[np.bool_]
) -> list[tuple[float, float, float, float, int]]:
    """(mean predicted, low, observed, high, n) per group of equal size by probability, exact binomial intervals.

    Clopper and Pearson 1934, doi 10.1093/biomet/26.4.404. At most 5 groups, none of fewer than 15 patients.

    Examples
    --------
    >>> [point] = calibration_points(np.full(20, 0.5), np.arange(20) < 10)
    >>> f"{point[0]:.2f} {point[1]:.2f} {point[2]:.2f} {point[3]:.2f} {point[4]}"
    '0.50 0.27 0.50 0.73 20'
    """
    groups = max(1, min(GROUPS, len(probability) // FEWEST))
    points = []
    for members in np.array_split(np.argsort(probability, kind="stable"), groups):
        n, k = len(members), int(positive[members].sum())
        low, high = exact_interval(k, n)
        points.append((float(probability[members].mean()), low, k / n, high, n))
    return points


def _draw_calibration(points: list[tuple[float, float, float, float, int]]) -> Figure:
    figure = Figure(figsize=(4.6, 4.6))
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1)
    for mean, low, observed, high, n in points:
        axes.plot([mean, mean], [low, high], color=COLOURS[0], linewidth=2)
        axes.plot(mean, observed, "o", color=COLOURS[0])
        # Upright, so that the counts of close groups do not cover each other.
        axes.annotate(
            f"n = {n}", (mean, high), (0, 3), textcoords="offset points", ha="center", fontsize=8, rotation=90
        )
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.15)
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.set_xlabel("mean predicted probability in the group")
    axes.set_ylabel("share of positive patients in the group")
    return figure


def _draw_classes(probability: Array, positive: NDArray[np.bool_]) -> Figure:
    figure = Figure(figsize=(7, 3.2))
    axes = figure.add_subplot()
    edges = np.linspace(0, 1, 21)
    for place, (name, members) in enumerate((("negative", ~positive), ("positive", positive))):
        axes.hist(
            probability[members],
            bins=edges.tolist(),
            weights=np.full(members.sum(), 1.0 / members.sum()),
            histtype="step",
            linewidth=2,
            color=COLOURS[(0, 2)[place]],
            label=f"{name} (n = {members.sum()})",
        )
    axes.set_xlim(0, 1)
    axes.set_xlabel("predicted probability of a positive response")
    axes.set_ylabel("share of the class")
    axes.legend(frameon=False)
    return figure


def _classes_sentence(probability: Array, positive: NDArray[np.bool_]) -> str:
    yes, no = np.median(probability[positive]), np.median(probability[~positive])
    return (
        f"The median predicted probability is {yes:.2f} among patients whose response was positive and {no:.2f} "
        f"among the others; {positive.mean():.0%} were positive."
    )


def _calibration_sentence(points: list[tuple[float, float, float, float, int]]) -> str:
    inside = sum(low <= mean <= high for mean, low, _, high, _ in points)
    return (
        "The mean predicted probability lies inside the 95% interval of the observed share of positive patients "
        f"in {inside} of {len(points)} groups."
    )
