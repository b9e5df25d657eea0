"""Section of the report: predicted probabilities of a response by observed class."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from omics.cohort.endpoints import Response
from stratomics.evaluation.cases import ResponseCases
from stratomics.evaluation.comparison import OURS
from stratomics.report.figures.style import COLOURS, NARROW, new_figure
from stratomics.report.section import Panel, Section
from stratomics.runs.run_directory import RunDirectory

__all__ = ["classes", "observed_response", "response_facts"]

Array = NDArray[np.float64]

EDGES = np.linspace(0, 1, 21)


def response_facts(run: RunDirectory) -> str:
    """State the number of patients in each class, and without the endpoint."""
    response = run.response
    positive, known = int(response.positive.sum()), int(response.observed.sum())
    return (
        f"{positive} with a positive {run.endpoint}, {known - positive} with a negative {run.endpoint} "
        f"and {len(response.observed) - known} in whom it is not recorded"
    )


def classes(run: RunDirectory) -> Section | None:
    """Draw the probabilities by observed class; None unless the endpoint is a response."""
    if run.kind != Response.kind:
        return None
    probability, positive = observed_response(run)
    panel = Panel(
        "classes",
        "Predicted probability by observed class",
        _draw_classes(probability, positive),
        _classes_sentence(probability, positive),
        _classes_table(probability, positive),
    )
    return Section("classes", "Probability by observed class", [panel])


def observed_response(run: RunDirectory, method: str = OURS) -> tuple[Array, NDArray[np.bool_]]:
    """Predicted probability and observed class of the evaluated patients.

    Parameters
    ----------
    run
        A finished run of a response endpoint.
    method
        Name of a method of the run.

    Returns
    -------
    probability
        (n,) mean over the repeats.
    positive
        (n,) bool, True for a responder.
    """
    cases = run.cases[method]
    assert isinstance(cases, ResponseCases)
    # A patient predicted in several repeats is one patient: repeats are averaged first.
    return cases.probability.mean(axis=0), cases.positive


def _classes_table(probability: Array, positive: NDArray[np.bool_]) -> pd.DataFrame:
    counts = {
        name: np.histogram(probability[members], EDGES)[0]
        for name, members in (("negative patients", ~positive), ("positive patients", positive))
    }
    span = [f"{low:.2f} to {high:.2f}" for low, high in pairwise(EDGES)]
    return pd.DataFrame({"predicted probability": span} | counts)


def _draw_classes(probability: Array, positive: NDArray[np.bool_]) -> Figure:
    figure = new_figure(NARROW, 3.4)
    axes = figure.add_subplot()
    for place, (name, members) in enumerate((("negative", ~positive), ("positive", positive))):
        axes.hist(
            probability[members],
            bins=EDGES.tolist(),
            weights=np.full(members.sum(), 1.0 / members.sum()),
            histtype="step",
            linewidth=2,
            color=COLOURS[(0, 2)[place]],
            label=f"{name} (n = {members.sum()})",
        )
    axes.set_xlim(0, 1)
    axes.set_xlabel("Predicted probability of a positive response")
    axes.set_ylabel("Share of the class")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0))
    return figure


def _classes_sentence(probability: Array, positive: NDArray[np.bool_]) -> str:
    yes, no = np.median(probability[positive]), np.median(probability[~positive])
    return (
        f"The median predicted probability is {yes:.2f} in patients with a positive response and {no:.2f} in patients "
        f"with a negative response; {positive.mean():.0%} of the responses were positive."
    )
