"""Virtual patients: what chance gives them, and what becomes of it in one design under one truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omics.common.seeds import named_generator
from stratomics.enrichment.design.setting import Population, Setting
from stratomics.enrichment.design.step_rate import StepRate
from stratomics.enrichment.virtual.effect_scenarios import TrialScenario

__all__ = ["Draws", "Patients", "all_comers", "draw", "enrol", "positives"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Draws:
    """What chance gives the patients (trials, patients), before a truth is known.

    Attributes
    ----------
    arrival, test, belonging
        Uniform: when he comes, whether he tests positive, whether he truly belongs.
    exposure, loss
        Exponential of rate 1: the cumulative hazard at which he has the event, and at which he is lost.
    treated
        (patients,) randomised in blocks, so that the arms have their sizes.
    """

    arrival: Array
    test: Array
    belonging: Array
    exposure: Array
    loss: Array
    treated: Mask


@dataclass(frozen=True)
class Patients:
    """Patients (trials, patients) of virtual trials.

    Attributes
    ----------
    candidate
        How many candidates had come when he did.
    entry, time
        Randomisation on the calendar, and time from there to the event or loss.
    seen
        Whether it is the event.
    positive
        Whether he tests positive.
    treated
        (patients,) arm.
    """

    candidate: Array
    entry: Array
    time: Array
    seen: Mask
    positive: Mask
    treated: Mask

    @property
    def happens(self) -> Array:
        """Calendar time of the event; infinite where it is not seen."""
        happens: Array = np.where(self.seen, self.entry + self.time, np.inf)
        return happens


def draw(seed: int, chunk: int, trials: int, patients: int, setting: Setting) -> Draws:
    """Draw patients for some trials; the same seed and chunk give the same, whatever the truth."""
    rng, shape = named_generator(seed, "virtual_patients", patients, chunk), (trials, patients)
    # Arms alternate as nearly as the allocation allows; arrivals are exchangeable, so that this is a random order.
    treated = np.diff(np.floor(np.arange(patients + 1) * setting.allocation)) > 0
    return Draws(
        rng.random(shape),
        rng.random(shape),
        rng.random(shape),
        rng.standard_exponential(shape),
        rng.standard_exponential(shape),
        treated,
    )


def candidates(draws: Draws, population: Population) -> Array:
    """Candidate number (trials, patients) of each patient, where only `population` is taken."""
    number: Array = draws.arrival * (draws.arrival.shape[1] / population.taken)
    return number


def all_comers(draws: Draws, setting: Setting, truth: TrialScenario) -> Patients:
    """Enrol everybody, whatever the test says."""
    positive = draws.test < setting.assay.positive
    return enrol(draws, candidates(draws, setting.all_comers), positive, setting, truth)


def positives(draws: Draws, setting: Setting, truth: TrialScenario) -> Patients:
    """Enrol those alone who test positive."""
    positive = np.ones(draws.test.shape, dtype=bool)
    return enrol(draws, candidates(draws, setting.positive), positive, setting, truth)


def enrol(draws: Draws, candidate: Array, positive: Mask, setting: Setting, truth: TrialScenario) -> Patients:
    """Live through one truth.

    Parameters
    ----------
    draws
        Of the patients.
    candidate
        (trials, patients) how many candidates had come.
    positive
        (trials, patients) who tests positive.
    setting, truth
        Hazards, assay and effects.
    """
    belongs = draws.belonging < np.where(positive, setting.positive.belonging, setting.negative.belonging)
    event = _event_time(draws, belongs, setting, truth)
    if setting.dropout > 0.0:
        loss = draws.loss / setting.dropout
        time, seen = np.minimum(event, loss), event <= loss
    else:
        time, seen = event, np.ones(event.shape, dtype=bool)
    return Patients(candidate, setting.candidates.inverse(candidate), time, seen, positive, draws.treated)


def _event_time(draws: Draws, belongs: Mask, setting: Setting, truth: TrialScenario) -> Array:
    inside, outside = np.exp(-truth.log_ratio)[:, :, None]
    slower = np.where(belongs, inside, outside)

    def until(hazard: StepRate) -> Array:
        free = float(hazard.cumulative(truth.delay))
        treated = np.minimum(draws.exposure, free) + np.maximum(draws.exposure - free, 0.0) * slower
        return hazard.inverse(np.where(draws.treated, treated, draws.exposure))

    if setting.inside == setting.outside:
        return until(setting.inside)
    return np.where(belongs, until(setting.inside), until(setting.outside))
