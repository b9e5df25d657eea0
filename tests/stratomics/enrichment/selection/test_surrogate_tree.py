"""A surrogate tree finds the threshold that it approximates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from trials import response_trial

from omics.common.errors import DataError
from stratomics.enrichment.effects.effect import measure_of
from stratomics.enrichment.selection.surrogate_tree import surrogate_tree


def test_a_surrogate_tree_finds_the_threshold_it_approximates() -> None:
    trial = response_trial(0)
    rng = np.random.default_rng(0)
    covariates = pd.DataFrame({"age": rng.normal(60, 10, 200), "noise": rng.normal(size=200)})
    rule = surrogate_tree(measure_of(trial), covariates, (covariates["age"] > 65).to_numpy(), depth=1)
    assert len(rule.sentences) == 1
    assert rule.sentences[0].startswith("age above 6")
    assert rule.agreement > 0.95
    assert rule.effect_of_tree is not None
    with pytest.raises(DataError, match="have gaps"):
        surrogate_tree(
            measure_of(trial), covariates.mask(covariates > 70), (covariates["age"] > 65).to_numpy()
        )
    with pytest.raises(DataError, match="choose a depth of 1 to 3"):
        surrogate_tree(measure_of(trial), covariates, (covariates["age"] > 65).to_numpy(), depth=9)
