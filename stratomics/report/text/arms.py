"""Names of the treatment arms: what the cohort calls them, or control and treated where they are numbers."""

from __future__ import annotations

import dataclasses

import pandas as pd

from stratomics.enrichment.compared_arms import ComparedArms
from stratomics.enrichment.from_run import arm_text, arms_of, declared
from stratomics.enrichment.result import AnyEnrichment, EnrichmentResult
from stratomics.runs.run_directory import RunDirectory

__all__ = ["arm_names", "compared_names", "named_comparison", "with_arm_names", "with_named_arms"]

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


def compared_names(run: RunDirectory, arms: ComparedArms) -> tuple[str, str]:
    """Name the control and the treated arm of a comparison.

    Parameters
    ----------
    run
        A finished run.
    arms
        Its arms.

    Returns
    -------
    tuple of str
        Control and treated; pooled arms are listed.
    """
    names = arm_names(run)
    treated = arms.treated or tuple(arm for arm in names if arm != arms.control)
    return names.get(arms.control, arms.control), ", ".join(names.get(arm, arm) for arm in treated)


def named_comparison(run: RunDirectory, comparison: str) -> str:
    """Name the arms of a comparison.

    Parameters
    ----------
    run
        A finished run.
    comparison
        Values of the arms, such as ``1 against 0``.

    Returns
    -------
    str
        The comparison with the names of the arms, such as ``treated against control``.
    """
    names = arm_names(run)
    treated, against, control = comparison.partition(" against ")
    arms = [names.get(arm, arm) for arm in treated.split(", ")]
    return f"{', '.join(arms)}{against}{names.get(control, control)}"


def with_named_arms(run: RunDirectory, patients: pd.DataFrame) -> pd.DataFrame:
    """Name the arms in a table of patients.

    Parameters
    ----------
    run
        A finished run.
    patients
        Rows of its patients.

    Returns
    -------
    DataFrame
        A copy whose column ``arm`` has the names; the table itself without such a column.
    """
    names = arm_names(run)
    if "arm" not in patients or len(set(names.values())) < len(names):
        return patients
    named = patients["arm"].map(lambda arm: names.get(arm_text(arm), arm_text(arm)), na_action="ignore")
    return patients.assign(arm=named)


def with_arm_names(run: RunDirectory, result: AnyEnrichment | None) -> AnyEnrichment | None:
    """Name the arms in the findings of an enrichment.

    Parameters
    ----------
    run
        A finished run.
    result
        Its enrichment, if it has one.

    Returns
    -------
    EnrichmentResult, PrognosticResult or None
        A result without arms stays as it is.
    """
    if not isinstance(result, EnrichmentResult) or result.run is None:
        return result
    findings = dataclasses.replace(result.run, arms=named_comparison(run, result.run.arms))
    return dataclasses.replace(result, run=findings)


def _name(arm: str, control: str | None, arms: int) -> str:
    if not arm.replace(".", "", 1).isdigit():
        return arm
    if arm == control:
        return "control"
    return "treated" if control is not None and arms == PAIR else f"arm {arm}"
