"""Names of the treatment arms: what the cohort calls them, or control and treated where they are numbers."""

from __future__ import annotations

from stratomics.enrichment.from_run import arms_of, declared
from stratomics.runs.run_directory import RunDirectory

__all__ = ["arm_names"]

PAIR = 2


def arm_names(run: RunDirectory) -> dict[str, str]:
    """Name the arms of a run.

    Parameters
    ----------
    run
        A finished run.

    Returns
    -------
    dict of str to str
        Value of the arm as text -> its name, control first. An arm that is a number is called control, treated, or
        arm with its number; others keep their own name. Empty for a run without arms.
    """
    if "arm" not in run.patients:
        return {}
    control, _, _ = declared(run)
    arms = sorted(arms_of(run), key=lambda arm: arm != control)
    return {arm: _name(arm, control, len(arms)) for arm in arms}


def _name(arm: str, control: str | None, arms: int) -> str:
    if not arm.replace(".", "", 1).isdigit():
        return arm
    if arm == control:
        return "control"
    return "treated" if control is not None and arms == PAIR else f"arm {arm}"
