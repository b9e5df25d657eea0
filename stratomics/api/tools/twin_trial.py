"""``st.tl.twin_trial``: the twins of many patients under two regimens become the arms of virtual trials."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import InputError, nearest
from stratomics.enrichment.design.assay import Assay
from stratomics.enrichment.design.setting import Setting
from stratomics.enrichment.design.step_rate import StepRate
from stratomics.enrichment.virtual.effect_scenarios import DrawnPrior
from stratomics.enrichment.virtual.single import AllComers
from stratomics.enrichment.virtual.trials import VirtualTrials, virtual_trials
from stratomics.pharmacology.twins.result import Twins

__all__ = ["average_hazard_ratio", "twin_trial"]

Array = NDArray[np.float64]


def twin_trial(
    twins: Twins,
    *,
    patients: int,
    events: int,
    accrual: float,
    control: str | None = None,
    treated: str | None = None,
    dropout: float = 0.0,
    trials: int = 2000,
    seed: int = 0,
) -> VirtualTrials:
    """Simulate trials that randomise patients like these between two regimens.

    Parameters
    ----------
    twins
        What ``st.twin`` returned for many patients.
    patients, events
        Size of a trial, and number of events at its analysis.
    accrual
        Patients that are randomised per unit of time.
    control, treated
        Regimens of the arms; by default the first and the second.
    dropout
        Hazard of dropout.
    trials
        Number of trials under each scenario.
    seed
        The same seed gives the same trials.

    Returns
    -------
    VirtualTrials
        ``table`` has the share of trials that show `treated` to be better, the duration and the events: under the
        estimated effect, effects drawn from its uncertainty, half of the effect, a delayed one and none.

    Raises
    ------
    InputError
        There is no such regimen, or no survival endpoint.
    DesignError
        The sizes are impossible.

    Notes
    -----
    The controls have the hazard of the mean predicted curve under `control`. The effect is the average hazard ratio of
    the mean curves under both regimens, one per draw of the effect of exposure and member of the ensemble, so that
    the power under drawn effects has the uncertainty of the effect.
    """
    if not len(twins.curves):
        raise InputError("these twins have no survival endpoint, so that there is no virtual trial of them")
    first, second = _arms(twins, control, treated)
    mean = twins.curves[twins.curves["regimen"] == first].groupby("time")["survival"].mean()
    hazard = StepRate.of_survival(mean.index.to_numpy(float), mean.to_numpy())
    curves = {name: _by_draw(twins.means, name) for name in (first, second)}
    effects = np.log(average_hazard_ratio(curves[first], curves[second]))
    # There is one population: the shares inside and outside do not matter.
    setting = Setting(Assay(0.5), hazard, hazard, StepRate.constant(accrual), dropout)
    plan = AllComers(patients, events)
    return virtual_trials(
        {f"{second} against {first}": plan}, setting, DrawnPrior(effects, effects), trials, seed
    )


def average_hazard_ratio(control: Array, treated: Array) -> Array:
    """Average hazard ratio of survival curves up to their last time.

    Parameters
    ----------
    control, treated
        (m, t) survival at the same times, from large to small.

    Returns
    -------
    numpy.ndarray
        (m,) probability that a treated patient has the event first, divided by that of a control, of those who have it
        by the last time. With proportional hazards this is their ratio.

    References
    ----------
    Kalbfleisch JD, Prentice RL. Biometrika 1981;68:105-112, doi 10.1093/biomet/68.1.105.

    Examples
    --------
    >>> times = np.linspace(0.1, 2, 20)
    >>> average_hazard_ratio(np.exp(-times)[None], np.exp(-0.5 * times)[None]).round(2)
    array([0.5])
    """
    both = [np.concatenate([np.ones((len(curve), 1)), curve], axis=1) for curve in (control, treated)]
    events = [-np.diff(curve, axis=1) for curve in both]
    alive = [(curve[:, 1:] + curve[:, :-1]) / 2 for curve in both]
    ratio: Array = (alive[0] * events[1]).sum(axis=1) / (alive[1] * events[0]).sum(axis=1)
    return ratio


def _arms(twins: Twins, control: str | None, treated: str | None) -> tuple[str, str]:
    if len(twins.regimens) == 1:
        raise InputError("a virtual trial needs two regimens; give both to st.twin")
    first, second = control or twins.regimens[0], treated or twins.regimens[1]
    for name in (first, second):
        if name not in twins.regimens:
            raise InputError(f"there are no twins under regimen '{name}'; {nearest(name, twins.regimens)}")
    if first == second:
        raise InputError(f"both arms have the regimen '{first}'; give two regimens")
    return first, second


def _by_draw(means: pd.DataFrame, regimen: str) -> Array:
    """Mean curve of each draw, (draws, t)."""
    chosen = means[(means["regimen"] == regimen) & (means["quantity"] == "survival")]
    return chosen.pivot_table(index="draw", columns="time", values="value").to_numpy(float)
