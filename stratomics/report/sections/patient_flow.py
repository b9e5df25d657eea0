"""The report's flow diagram: every patient from the cohort to the evaluation."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from stratomics.evaluation.patient_groups import patient_groups
from stratomics.report.figures.style import GREY, INK, NARROW, WIDE
from stratomics.report.section import Panel
from stratomics.report.text.arms import arm_names
from stratomics.report.text.split_design import split_design
from stratomics.runs.run_directory import RunDirectory

__all__ = ["FlowStep", "draw_flow", "flow_steps", "patient_flow"]

ARMS = 5
"""Maximum number of boxes for arms; the smallest arms share the last one."""

LETTERS = 12.0
"""Letters of an inch."""

HEIGHT, GAP = 0.72, 0.32
"""Height of a box and gap between boxes, in inches."""


@dataclass(frozen=True)
class FlowStep:
    """One step of the diagram.

    Attributes
    ----------
    n, text
        Number of patients in this step, and their description.
    out, why
        Number of patients excluded since the previous step, and the reason.
    arms
        Arm -> number of patients, for the step that shows arms.
    """

    n: int
    text: str
    out: int = 0
    why: str = ""
    arms: dict[str, int] = field(default_factory=dict)


def patient_flow(run: RunDirectory) -> Panel | str:
    """Draw the flow of patients, or state it if no patient is excluded."""
    steps = flow_steps(run)
    if not any(step.out for step in steps):
        return _sentence(run, steps)
    return Panel("flow", "Flow of patients", draw_flow(steps), _sentence(run, steps), _table(steps))


def flow_steps(run: RunDirectory) -> list[FlowStep]:
    """Count the patients of every step; every exclusion has a reason."""
    patients, endpoint = run.patients, run.endpoint
    observed = run.outcome.observed
    ids = set(run.predictions["stratomics"].patients["sample_id"])
    predicted = patients["sample_id"].isin(ids).to_numpy()
    recorded, evaluated = int(observed.sum()), int((observed & predicted).sum())
    separate = split_design(run.provenance) in {"part", "external"}
    not_trained = "" if separate else "not used to train its models, "
    why = f"without the endpoint {endpoint}: {not_trained}predicted, but not evaluated"
    steps = [
        *_beginning(run),
        FlowStep(recorded, f"with the endpoint {endpoint}", len(patients) - recorded, why),
    ]
    if "arm" in patients:
        arms = patient_groups(patients[["arm"]][observed])["arm"]
        names = arm_names(run)
        counts = {names.get(str(arm), str(arm)): int((arms == arm).sum()) for arm in arms.categories}
        steps.append(FlowStep(recorded, "by arm", arms=_few(counts)))
    return [
        *steps,
        FlowStep(
            evaluated,
            "with predictions" if separate else "with out-of-fold predictions",
            recorded - evaluated,
            "without predictions: cannot be evaluated",
        ),
        FlowStep(evaluated, "evaluated: all results of this report refer to these patients"),
    ]


def _beginning(run: RunDirectory) -> list[FlowStep]:
    """First steps: training and evaluated patients if they are separate, otherwise all patients of the cohort."""
    n, name = len(run.patients), run.provenance["cohort"]
    counts = run.provenance.get("patients", {})
    if split_design(run.provenance) == "part":
        total = int(counts["trained"])
        why = "in the training part: used to train the models, not evaluated"
        return [
            FlowStep(total, f"patients of {name}"),
            FlowStep(n, "test patients of the predefined split", total - n, why),
        ]
    if split_design(run.provenance) == "external":
        trained, evaluated_on = int(counts["trained"]), run.provenance["evaluated_on"]
        why = f"of {name}: used to train the models, not evaluated"
        return [
            FlowStep(trained + n, f"patients of {name} and {evaluated_on}"),
            FlowStep(n, f"patients of {evaluated_on}", trained, why),
        ]
    return [FlowStep(n, f"patients of {name}")]


def _few(counts: dict[str, int]) -> dict[str, int]:
    """Arms in their order, with the smallest merged if there are more than `ARMS`."""
    if len(counts) <= ARMS:
        return counts
    largest = sorted(counts, key=lambda arm: -counts[arm])[: ARMS - 1]
    shown = {arm: n for arm, n in counts.items() if arm in largest}
    return shown | {f"{len(counts) - len(shown)} other arms": sum(counts.values()) - sum(shown.values())}


def draw_flow(steps: list[FlowStep]) -> Figure:
    """Draw one box per step from top to bottom, with excluded patients on the right."""
    wide = any(step.out for step in steps)
    width, height = WIDE if wide else NARROW, len(steps) * (HEIGHT + GAP) - GAP
    left = 0.52 * WIDE if wide else NARROW
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.axis("off")
    for place, step in enumerate(steps):
        top = place * (HEIGHT + GAP)
        if place:
            _arrow(axes, (left / 2, top - GAP), (left / 2, top))
        if step.arms:
            share = left / len(step.arms)
            for number, (arm, n) in enumerate(step.arms.items()):
                _box(axes, number * share, top, share - 0.06, f"{arm}\n{n}")
        else:
            _box(axes, 0.0, top, left - 0.06, f"{step.n} {step.text}")
        if step.out:
            middle = top - GAP / 2
            _arrow(axes, (left / 2, middle), (left + 0.3, middle))
            _box(axes, left + 0.3, middle - HEIGHT / 2, width - left - 0.34, f"{step.out} {step.why}")
    return figure


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": INK, "shrinkA": 0, "shrinkB": 0})


def _box(axes: Axes, left: float, top: float, width: float, text: str) -> None:
    axes.add_patch(
        Rectangle((left + 0.02, top + 0.01), width, HEIGHT - 0.02, facecolor="none", edgecolor=GREY)
    )
    lines = [
        line for part in text.split("\n") for line in textwrap.wrap(part, max(6, int(width * LETTERS)))[:5]
    ]
    middle = (left + 0.02 + width / 2, top + HEIGHT / 2)
    axes.text(*middle, "\n".join(lines), ha="center", va="center")


def _table(steps: list[FlowStep]) -> pd.DataFrame:
    rows: list[tuple[str, int, str]] = []
    for step in steps:
        if step.out:
            rows.append((f"excluded, {step.why.split(':')[0]}", step.out, step.why.partition(": ")[2]))
        if step.arms:
            rows += [(arm, n, "with the endpoint") for arm, n in step.arms.items()]
        else:
            rows.append((step.text.split(":")[0], step.n, ""))
    return pd.DataFrame(rows, columns=["step", "patients", "reason or subset"])


def _sentence(run: RunDirectory, steps: list[FlowStep]) -> str:
    first, last = steps[0], steps[-1]
    text = f"Of {first.n} {first.text}, {last.n} are evaluated, with predictions of models trained on other patients"
    excluded = [f"{step.out} {step.why}" for step in steps if step.out]
    tail = "; ".join(excluded) if excluded else "no patient is excluded"
    arms = next((step.arms for step in steps if step.arms), {})
    by_arm = ", ".join(f"{arm}: {n}" for arm, n in arms.items())
    return f"{text}; {tail}." + (f" By {_arm_column(run)}, {by_arm}." if by_arm else "")


def _arm_column(run: RunDirectory) -> str:
    declared = run.provenance.get("arm")
    return f"arm ({declared['column']})" if declared else "arm"
