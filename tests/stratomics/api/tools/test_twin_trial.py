"""Twins become the arms of virtual trials."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from omics.common.errors import InputError
from stratomics.api.tools.twin_trial import average_hazard_ratio, twin_trial
from stratomics.pharmacology.twins.result import Twins

TIMES = np.linspace(20, 800, 40)


def twins_with(ratios: tuple[float, ...], regimens: tuple[str, ...] = ("low", "high")) -> Twins:
    """Ten patients with a median of 300 days, whose draws say that `high` has the given hazard ratios."""
    hazard = np.log(2) / 300
    curves, means = [], []
    for name, draw_ratios in zip(regimens, ((1.0,) * len(ratios), ratios), strict=False):
        for patient in range(10):
            survival = np.exp(-hazard * np.mean(draw_ratios) * TIMES)
            curves.append(
                pd.DataFrame({"patient": f"p{patient}", "regimen": name, "time": TIMES, "survival": survival})
            )
        for draw, ratio in enumerate(draw_ratios):
            survival = np.exp(-hazard * ratio * TIMES)
            means.append(
                pd.DataFrame(
                    {"regimen": name, "quantity": "survival", "draw": draw, "time": TIMES, "value": survival}
                )
            )
    empty = pd.DataFrame()
    return Twins(empty, empty, empty, pd.concat(curves), pd.concat(means), empty, regimens, "days")


@pytest.mark.parametrize("ratio", [0.3, 0.5, 1.0, 2.0])
def test_the_average_hazard_ratio_of_proportional_hazards_is_their_ratio(ratio: float) -> None:
    """Golden: with proportional hazards the ratio does not depend on the last time."""
    times = np.linspace(0, 3, 301)[1:]
    curves = [np.exp(-factor * times)[None] for factor in (1.0, ratio)]
    assert average_hazard_ratio(*curves) == pytest.approx([ratio], rel=1e-4)
    assert average_hazard_ratio(*(curve[:, :50] for curve in curves)) == pytest.approx([ratio], rel=1e-4)


def test_the_average_hazard_ratio_counts_who_has_the_event_first() -> None:
    """Brute force: pairs of a treated patient and a control, by their event times."""
    generator = np.random.default_rng(0)
    grid = np.linspace(0, 4, 401)[1:]
    control, treated = generator.exponential(1, 4000), generator.weibull(2, 4000)
    curves = [(values[:, None] > grid).mean(axis=0)[None] for values in (control, treated)]
    first, last = treated[:, None], control[None]
    expected = ((first < last) & (first <= 4)).mean() / ((last < first) & (last <= 4)).mean()
    assert average_hazard_ratio(*curves) == pytest.approx([expected], rel=0.02)


def test_power_and_duration_follow_from_the_regimens() -> None:
    """Golden: 331 events give 90% power at a hazard ratio of 0.7, one-sided 2.5% (Schoenfeld 1981)."""
    table = twin_trial(twins_with((0.7, 0.7)), patients=450, events=331, accrual=1.0, trials=1000).table
    rejected = table.set_index("truth")["rejected"]
    assert rejected["estimate"] == pytest.approx(0.9, abs=0.04)
    assert rejected["null"] < 0.045
    assert rejected["halved"] < rejected["delayed"] + 0.3
    assert (table["duration"] > 450).all()
    assert set(table["plan"]) == {"high against low"}


def test_an_uncertain_effect_makes_the_power_uncertain() -> None:
    sure, unsure = (
        twin_trial(twins_with(ratios), patients=450, events=331, accrual=1.0, trials=500).table
        for ratios in ((0.7, 0.7), (0.49, 1.0))
    )
    assurance = [table.set_index("truth").loc["drawn", "rejected"] for table in (sure, unsure)]
    assert assurance[1] < assurance[0] - 0.2


def test_the_same_seed_gives_the_same_trials() -> None:
    tables = [
        twin_trial(twins_with((0.6, 0.8)), patients=100, events=60, accrual=1.0, trials=50).table
        for _ in range(2)
    ]
    pd.testing.assert_frame_equal(*tables)


def test_arms_that_are_not_there_are_refused() -> None:
    sizes = {"patients": 100, "events": 60, "accrual": 1.0}
    with pytest.raises(InputError, match="no twins under regimen 'lo'; did you mean 'low'"):
        twin_trial(twins_with((0.7,)), control="lo", **sizes)
    with pytest.raises(InputError, match="both arms have the regimen 'low'"):
        twin_trial(twins_with((0.7,)), treated="low", **sizes)
    with pytest.raises(InputError, match="needs two regimens"):
        twin_trial(twins_with((0.7,), ("low",)), **sizes)
    empty = pd.DataFrame()
    with pytest.raises(InputError, match="no survival endpoint"):
        twin_trial(Twins(empty, empty, empty, empty, empty, empty, ("a", "b")), **sizes)
