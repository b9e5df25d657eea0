"""The report's flow diagram: what became of every patient between the cohort and the figures."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from stratomics.evaluation.patient_groups import NOT_RECORDED, patient_groups
from stratomics.report.section import Panel
from stratomics.report.text.controls_and_views import design_of_run
from stratomics.runs.run_directory import RunDirectory

__all__ = ["FlowStep", "draw_flow", "flow", "steps_of"]

ARMS = 5
"""Arms that have a box of their own; the smallest ones beyond share the last."""

HEIGHT, GAP = 0.58, 0.32
"""Of a box, and between two, in inches."""


@dataclass(frozen=True)
class FlowStep:
    """Patients who are still in.

    Attributes
    ----------
    n, text
        How many, and who they are.
    out, why
        Patients who are in the step before and not in this one, and what became of them.
    arms
        Arm -> patients, of a step that parts them.
    """

    n: int
    text: str
    out: int = 0
    why: str = ""
    arms: dict[str, int] = field(default_factory=dict)


def flow(run: RunDirectory) -> Panel:
    """Draw the steps."""
    steps = steps_of(run)
    return Panel("flow", draw_flow(steps), _sentence(run, steps), _table(steps))


def steps_of(run: RunDirectory) -> list[FlowStep]:
    """Count patients from the cohort to those whom the figures are of; nobody leaves without a word."""
    patients, endpoint = run.patients, run.endpoint
    observed = run.outcome.observed
    ids = set(run.predictions["stratomics"].patients["sample_id"])
    predicted = patients["sample_id"].isin(ids).to_numpy()
    known, evaluated = int(observed.sum()), int((observed & predicted).sum())
    apart = design_of_run(run.provenance) in {"part", "external"}
    taught = "" if apart else "taught the models nothing of it, "
    lacking = (
        f"without the endpoint {endpoint}: they {taught}are predicted all the same, and are in no figure of "
        "performance"
    )
    steps = [
        *_beginning(run),
        FlowStep(known, f"with the endpoint {endpoint}", len(patients) - known, lacking),
    ]
    if "arm" in patients:
        arms = patient_groups(patients[["arm"]][observed])["arm"]
        counts = {str(arm): int((arms == arm).sum()) for arm in arms.categories}
        steps.append(FlowStep(known, "by arm", arms=_few(counts)))
    return [
        *steps,
        FlowStep(
            evaluated,
            f"predicted{'' if apart else ' out of fold'}, by models that never saw them",
            known - evaluated,
            "not predicted: they cannot be evaluated",
        ),
        FlowStep(evaluated, "evaluated: the figures of this report are of them"),
    ]


def _beginning(run: RunDirectory) -> list[FlowStep]:
    """Of a ready split or another cohort: who trained, and who is evaluated; otherwise everybody is both."""
    n, name = len(run.patients), run.provenance["cohort"]
    counts = run.provenance.get("patients", {})
    if design_of_run(run.provenance) == "part":
        everybody = int(counts["trained"])
        why = "of the training part: they trained the models and are not evaluated"
        return [
            FlowStep(everybody, f"patients of {name}"),
            FlowStep(n, "test patients of the ready split", everybody - n, why),
        ]
    if design_of_run(run.provenance) == "external":
        trained, evaluated_on = int(counts["trained"]), run.provenance["evaluated_on"]
        why = f"of {name}: they trained the models and are not evaluated"
        return [
            FlowStep(trained + n, f"patients of {name} and {evaluated_on}"),
            FlowStep(n, f"patients of {evaluated_on}", trained, why),
        ]
    return [FlowStep(n, f"patients of {name}")]


def _few(counts: dict[str, int]) -> dict[str, int]:
    """Arms in their order, the smallest beyond `ARMS` together."""
    if len(counts) <= ARMS:
        return counts
    largest = sorted(counts, key=lambda arm: -counts[arm])[: ARMS - 1]
    kept = {arm: n for arm, n in counts.items() if arm in largest}
    return kept | {f"{len(counts) - len(kept)} other arms": sum(counts.values()) - sum(kept.values())}


def draw_flow(steps: list[FlowStep]) -> Figure:
    """Boxes from above to below, those who leave at the right."""
    height = len(steps) * (HEIGHT + GAP) - GAP
    width = 7.6 if any(step.out for step in steps) else 3.8
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.axis("off")
    for place, step in enumerate(steps):
        top = place * (HEIGHT + GAP)
        if place:
            axes.annotate(
                "", (1.9, top), (1.9, top - GAP), arrowprops={"arrowstyle": "->", "color": "#333333"}
            )
        if step.arms:
            share = 3.8 / len(step.arms)
            for number, (arm, n) in enumerate(step.arms.items()):
                _box(axes, number * share, top, share - 0.06, f"{_arm_name(arm)}\n{n}")
        else:
            _box(axes, 0.0, top, 3.74, f"{step.n} {step.text}")
        if step.out:
            middle = top - GAP / 2
            axes.annotate(
                "", (4.2, middle), (1.9, middle), arrowprops={"arrowstyle": "->", "color": "#333333"}
            )
            _box(axes, 4.2, middle - HEIGHT / 2, 3.36, f"{step.out} {step.why}", "#f2f4f6", 8)
    return figure


def _box(
    axes: Axes, left: float, top: float, width: float, text: str, colour: str = "#ffffff", size: int = 9
) -> None:
    axes.add_patch(Rectangle((left + 0.02, top), width, HEIGHT, facecolor=colour, edgecolor="#333333"))
    letters = max(6, int(width * 118 / size))
    lines = [line for part in text.split("\n") for line in textwrap.wrap(part, letters)[:5]]
    middle = (left + 0.02 + width / 2, top + HEIGHT / 2)
    axes.text(*middle, "\n".join(lines), ha="center", va="center", fontsize=size, color="#1a1a1a")


def _arm_name(arm: str) -> str:
    return arm if arm == NOT_RECORDED or arm.endswith("other arms") else f"arm {arm}"


def _table(steps: list[FlowStep]) -> pd.DataFrame:
    rows: list[tuple[str, int, str]] = []
    for step in steps:
        if step.out:
            rows.append((f"left aside, {step.why.split(':')[0]}", step.out, step.why.partition(": ")[2]))
        if step.arms:
            rows += [(_arm_name(arm), n, "with the endpoint") for arm, n in step.arms.items()]
        else:
            rows.append((step.text.split(":")[0], step.n, ""))
    return pd.DataFrame(rows, columns=["who", "patients", "what became of them"])


def _sentence(run: RunDirectory, steps: list[FlowStep]) -> str:
    first, last = steps[0], steps[-1]
    said = f"Of {first.n} {first.text}, {last.n} are predicted by models that never saw them and evaluated"
    gone = [f"{step.out} {step.why}" for step in steps if step.out]
    tail = "; ".join(gone) if gone else "nobody is left out"
    arms = next((step.arms for step in steps if step.arms), {})
    parted = ", ".join(f"{_arm_name(arm)}: {n}" for arm, n in arms.items())
    return f"{said}; {tail}." + (f" By {_arm_column(run)}, {parted}." if parted else "")


def _arm_column(run: RunDirectory) -> str:
    declared = run.provenance.get("arm")
    return f"arm ({declared['column']})" if declared else "arm"
