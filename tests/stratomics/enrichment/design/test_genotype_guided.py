"""Trials of a genotype: golden numbers of events, screening and cost, and simulated trials with the planned power."""

import numpy as np
import pytest
from claims import Z, repetitions

from omics.cohort.endpoints import Survival
from omics.common.errors import DesignError
from stratomics.enrichment.design.events import interaction_events
from stratomics.enrichment.design.genotype_guided import genotype_trials, interaction_power
from stratomics.enrichment.design.setting import AssumedEffect, Economics
from stratomics.strata.groups.arm_interaction import group_interaction

COSTS = Economics(patient=20_000.0, test=200.0)


# Schoenfeld's formula with 7.849 = (1.95996 + 0.84162)^2: ../shared/reference/pgx-numbers.md.
@pytest.mark.parametrize(
    ("carriers", "events"), [(0.04, 1701.7), (0.1, 726.1), (0.27, 331.5), (0.3, 311.2), (0.5, 261.4)]
)
def test_events_for_an_interaction(carriers, events):
    assert interaction_events(0.5, carriers) == pytest.approx(events, abs=0.06)
    assert interaction_power(events, 0.5, carriers) == pytest.approx(0.8, abs=1e-4)


def test_screening_and_its_cost():
    trials = {trial.design: trial for trial in genotype_trials(0.04, AssumedEffect(0.5, 1.0), 0.5, COSTS)}
    few = trials["carriers only"]
    assert few.events == pytest.approx(65.35, abs=0.01)
    assert few.patients == pytest.approx(2 * few.events)
    assert few.tested == pytest.approx(25 * few.patients)
    assert few.cost == pytest.approx(20_000 * few.patients + 200 * few.tested)
    all_comers = trials["mean effect in all comers"]
    assert all_comers.tested == 0.0
    assert all_comers.events == pytest.approx(few.events / 0.04**2)


def test_without_an_effect_there_is_no_trial():
    with pytest.raises(DesignError, match="nothing to show"):
        genotype_trials(0.3, AssumedEffect(1.0, 1.0), 0.5, COSTS)
    with pytest.raises(DesignError, match="carriers"):
        genotype_trials(0.0, AssumedEffect(0.5, 1.0), 0.5, COSTS)
    assert len(genotype_trials(0.3, AssumedEffect(0.7, 0.7), 0.5, COSTS)) == 2


def p_of_trial(rng, patients, carriers, ratio):
    """P value of the interaction of genotype and arm in one trial in which all patients have the event."""
    carrier = rng.permutation(patients) < round(carriers * patients)
    treated = rng.permutation(patients) % 2 == 0
    time = rng.exponential(1.0 / np.where(carrier & treated, ratio, 1.0))
    everyone = np.ones(patients, dtype=bool)
    group, arm = np.where(carrier, "carrier", "other"), np.where(treated, 1.0, -1.0)
    return group_interaction(group, Survival(time, everyone, everyone), arm).p


@repetitions(60, 4000, quick=True)
@pytest.mark.parametrize("carriers", [0.04, 0.3])
def test_the_power_of_an_interaction_equals_the_formula(carriers, repetitions):
    patients = round(interaction_events(0.5, carriers))
    rng = np.random.default_rng(24)
    found = np.mean([p_of_trial(rng, patients, carriers, 0.5) < 0.05 for _ in range(repetitions)])
    false = np.mean([p_of_trial(rng, patients, carriers, 1.0) < 0.05 for _ in range(repetitions)])
    error = np.sqrt(0.8 * 0.2 / repetitions), np.sqrt(0.05 * 0.95 / repetitions)
    assert abs(found - 0.8) < Z * error[0] + 0.01  # Schoenfeld's variance is that of no effect
    assert abs(false - 0.05) < Z * error[1] + 0.005
