"""What the levels of patients say: draws of their random effects, and notes on how good these are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from datamodules.exposure.estimation.posterior import Posterior
    from datamodules.exposure.published.kinetic_model import KineticModel
    from omics.events.event_table import EventTable

__all__ = ["draws_given_levels", "listed", "posterior_notes"]

SHOWN = 3
"""Number of patients whose ids a note has."""

UNRELIABLE = 0.7
"""Shape of the tail of the weights above which they are not reliable."""


def draws_given_levels(
    model: KineticModel, events: EventTable, generator: np.random.Generator, draws: int
) -> Posterior:
    """Draw the random effects of each patient given their levels.

    Parameters
    ----------
    model
        The population model.
    events
        Doses and levels of n patients, with the covariates of the model.
    generator
        Source of random numbers.
    draws
        Draws per patient.

    Returns
    -------
    Posterior
        Weighted draws; those of patients without levels are of the population.
    """
    from datamodules.exposure.compartments.records import records_of, up_to_last_level
    from datamodules.exposure.estimation.map_estimate import map_estimate
    from datamodules.exposure.estimation.posterior import posterior_draws

    records = records_of(up_to_last_level(events))
    return posterior_draws(model, records, map_estimate(model, records), generator, draws)


def posterior_notes(posterior: Posterior, events: EventTable) -> list[str]:
    """Note patients whose draws are few or not reliable.

    Parameters
    ----------
    posterior
        As returned by :func:`draws_given_levels`.
    events
        Doses and levels of the same patients.

    Returns
    -------
    list of str
        One sentence per kind of note.
    """
    from datamodules.exposure.estimation.posterior import EFFECTIVE

    ids = list(events.patients)
    wanted = min(EFFECTIVE, posterior.weights.shape[1] // 2)
    few = [one for one, number in zip(ids, posterior.effective.tolist(), strict=True) if number < wanted]
    poor = [one for one, shape in zip(ids, posterior.pareto.tolist(), strict=True) if shape > UNRELIABLE]
    notes = []
    if few:
        notes.append(f"fewer than {wanted} effective draws for {listed(few)}: use more draws")
    if poor:
        notes.append(
            f"the weights of the draws of {listed(poor)} are not reliable (Pareto k above {UNRELIABLE})"
        )
    return notes


def listed(patients: list[str]) -> str:
    """Name some patients in a sentence."""
    shown = ", ".join(patients[:SHOWN])
    if len(patients) == 1:
        return f"patient {shown}"
    more = f" and {len(patients) - SHOWN} others" if len(patients) > SHOWN else ""
    return f"patients {shown}{more}"
