"""Effects by subgroup are those of the patients of each subgroup alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from trials import response_trial, survival_trial

from stratomics.enrichment.effects.effect import effect_of, measure_of
from stratomics.enrichment.effects.subgroup_effects import subgroup_effects
from stratomics.enrichment.effects.trial import Trial


def levels(trial: Trial, names: tuple[str, ...]) -> pd.Categorical:
    return pd.Categorical([names[i % len(names)] for i in range(len(trial))], ordered=True)


@pytest.mark.parametrize("trial", [survival_trial(1), response_trial(1)], ids=["survival", "response"])
def test_each_effect_is_that_of_its_patients(trial: Trial) -> None:
    groups = levels(trial, ("x", "y", "z"))
    (family,) = subgroup_effects(trial, measure_of(trial), {"group": groups})
    for row in family.rows:
        part = trial.take(np.flatnonzero(groups == row.level))
        alone = effect_of(measure_of(part), np.ones(len(part)))
        assert row.effect is not None
        assert (row.effect.estimate, row.effect.se) == pytest.approx((alone.estimate, alone.se), rel=1e-6)
        assert row.n == (int((~part.treated).sum()), int(part.treated.sum()))
        assert sum(row.events) == part.outcome.label.sum()


def test_two_subgroups_are_compared_as_by_a_z_test() -> None:
    trial = survival_trial(2)
    (family,) = subgroup_effects(trial, measure_of(trial), {"group": levels(trial, ("x", "y"))})
    one, two = (row.effect for row in family.rows)
    assert one is not None
    assert two is not None
    z = (np.log(one.estimate) - np.log(two.estimate)) / np.hypot(one.se, two.se)
    assert family.p == pytest.approx(2.0 * norm.sf(abs(z)))


def test_small_subgroups_have_no_effect_and_no_test() -> None:
    trial = survival_trial(3)
    few = pd.Categorical(
        np.where(np.arange(len(trial)) < 15, "few", "most"), ["few", "most", "none"], ordered=True
    )
    (family,) = subgroup_effects(trial, measure_of(trial), {"group": few})
    assert [row.level for row in family.rows] == ["few", "most"], "a level without patients is left out"
    assert family.rows[0].effect is None
    assert family.rows[1].effect is not None
    assert np.isnan(family.p)
