"""Virtual patients: random numbers that do not depend on the scenario, and the patients that they give in a design."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omics.common.seeds import named_generator
from stratomics.enrichment.design.setting import Population, Setting
from stratomics.enrichment.design.step_rate import StepRate
from stratomics.enrichment.virtual.effect_scenarios import TrialScenario

__all__ = ["Draws", "Patients", "draw_patients", "enrol", "enrol_all_comers", "enrol_positives"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Draws:
    """Random numbers of patients (trials, patients), the same under all scenarios.

    Attributes
    ----------
    arrival, test, belonging
        Uniform numbers that determine time of arrival, test result, and membership of the subgroup.
    exposure, loss
        Exponential numbers of rate 1: the cumulative hazard at the event, and at dropout.
    treated
        (patients,) arm, with the arm sizes given by the allocation.
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
        Number of candidates up to and including the patient.
    entry, time
        Calendar time of randomisation, and time from randomisation to event or dropout.
    seen
        Whether `time` ends with the event.
    positive
        Whether the test is positive.
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
    def event_calendar_time(self) -> Array:
        """Calendar time of the event; infinite if there is none."""
        calendar_time: Array = np.where(self.seen, self.entry + self.time, np.inf)
        return calendar_time


def draw_patients(seed: int, chunk: int, trials: int, patients: int, setting: Setting) -> Draws:
    """Draw the random numbers of patients; the same seed and chunk give the same numbers for all scenarios.

    Parameters
    ----------
    seed, chunk
        Seed, and number of the chunk of trials.
    trials, patients
        Numbers of trials, and of patients per trial.
    setting
        Setting with the allocation.

    Returns
    -------
    Draws
        Random numbers.
    """
    rng, shape = named_generator(seed, "virtual_patients", patients, chunk), (trials, patients)
    # Arms alternate as closely as the allocation allows. Arrival times are exchangeable, so that the order is random.
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
    """Candidate number (trials, patients) of each patient, if only `population` is enrolled."""
    number: Array = draws.arrival * (draws.arrival.shape[1] / population.taken)
    return number


def enrol_all_comers(draws: Draws, setting: Setting, scenario: TrialScenario) -> Patients:
    """Enrol all comers, whatever the test result.

    Parameters
    ----------
    draws
        Random numbers of the patients.
    setting
        Hazards, assay and enrolment.
    scenario
        True effects.

    Returns
    -------
    Patients
        The patients of each trial.
    """
    positive = draws.test < setting.assay.positive
    return enrol(draws, candidates(draws, setting.all_comers), positive, setting, scenario)


def enrol_positives(draws: Draws, setting: Setting, scenario: TrialScenario) -> Patients:
    """Enrol only patients who test positive.

    Parameters
    ----------
    draws
        Random numbers of the patients.
    setting
        Hazards, assay and enrolment.
    scenario
        True effects.

    Returns
    -------
    Patients
        The patients of each trial.
    """
    positive = np.ones(draws.test.shape, dtype=bool)
    return enrol(draws, candidates(draws, setting.positive), positive, setting, scenario)


def enrol(
    draws: Draws, candidate: Array, positive: Mask, setting: Setting, scenario: TrialScenario
) -> Patients:
    """Compute the event times of patients under a scenario.

    Parameters
    ----------
    draws
        Random numbers of the patients.
    candidate
        (trials, patients) number of candidates up to and including each patient.
    positive
        (trials, patients) test results.
    setting, scenario
        Hazards and assay; true effects.

    Returns
    -------
    Patients
        The patients of each trial.
    """
    inside = draws.belonging < np.where(positive, setting.positive.belonging, setting.negative.belonging)
    event = _event_time(draws, inside, setting, scenario)
    if setting.dropout > 0.0:
        loss = draws.loss / setting.dropout
        time, seen = np.minimum(event, loss), event <= loss
    else:
        time, seen = event, np.ones(event.shape, dtype=bool)
    return Patients(candidate, setting.candidates.inverse(candidate), time, seen, positive, draws.treated)


def _event_time(draws: Draws, in_subgroup: Mask, setting: Setting, scenario: TrialScenario) -> Array:
    inside, outside = np.exp(-scenario.log_ratio)[:, :, None]
    factor = np.where(in_subgroup, inside, outside)

    def until(hazard: StepRate) -> Array:
        before = float(hazard.cumulative(scenario.delay))
        treated = np.minimum(draws.exposure, before) + np.maximum(draws.exposure - before, 0.0) * factor
        return hazard.inverse(np.where(draws.treated, treated, draws.exposure))

    if setting.inside == setting.outside:
        return until(setting.inside)
    return np.where(in_subgroup, until(setting.inside), until(setting.outside))
