"""Notes on draws given levels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from exposure import vancomycin

from datamodules.exposure.estimation.posterior import Posterior
from datamodules.exposure.regimen import Regimen
from stratomics.pharmacology.dose_search.levels import draws_given_levels, listed, posterior_notes
from stratomics.pharmacology.dose_search.value_of_levels import simulate_levels


def test_few_and_unreliable_draws_are_noted() -> None:
    covariates = pd.DataFrame({"CRCL": 90.0, "WT": 70.0}, index=["a", "b"])
    events, _ = simulate_levels(
        vancomycin(), Regimen(1000, 12, 1), covariates, [11.5], np.random.default_rng(0)
    )
    good = draws_given_levels(vancomycin(), events, np.random.default_rng(0), 400)
    assert posterior_notes(good, events) == []
    poor = Posterior(good.effects, good.weights, torch.tensor([10.0, 300.0]), torch.tensor([0.2, 0.9]))
    few, unreliable = posterior_notes(poor, events)
    assert few == "fewer than 200 effective draws for patient a: use more draws"
    assert unreliable.startswith("the weights of the draws of patient b are not reliable")


def test_patients_are_listed() -> None:
    assert listed(["a"]) == "patient a"
    assert listed(["a", "b"]) == "patients a, b"
    assert listed(["a", "b", "c", "d", "e"]) == "patients a, b, c and 2 others"
