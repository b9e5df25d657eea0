"""Targets of exposure that no dose of a cohort comes near, because they are in another unit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from datamodules.exposure.metrics import measure_unit, measures_of
from datamodules.exposure.published.kinetic_model import KineticModel
from datamodules.exposure.regimen import DOSES, doses_given
from omics.common.errors import CohortError
from omics.events.event_table import EventTable

__all__ = ["check_targets"]

FAR = 100.0
"""Factor between a target and what is expected of the doses, from which the unit is wrong."""


def check_targets(
    targets: Mapping[str, tuple[float, float]], events: EventTable, model: KineticModel, file: str
) -> None:
    """Check that the targets of a cohort are in the units of its model.

    Parameters
    ----------
    targets
        Measure -> lowest and highest wanted value.
    events
        Doses and levels in the window of exposure, in the time unit of the model.
    model
        The kinetic model.
    file
        Named in errors.

    Raises
    ------
    CohortError
        The exposure expected of the doses is a hundred times above or below a target in every patient.
    """
    if not targets:
        return
    first, last = doses_given(events, last=False), doses_given(events, last=True)
    treated = first["amount"].notna() & last["interval"].notna()
    first, last, covariates = first[treated], last[treated], list(events.covariates)
    if not len(first):
        return
    typical = torch.zeros(len(first), 1, len(model.random_parameters), dtype=torch.float64)
    expected = measures_of(
        model,
        first[list(DOSES)],
        last[list(DOSES)],
        first[covariates],
        last[covariates],
        typical,
        tuple(targets),
    )
    for name, (low, high) in targets.items():
        values = expected[name].numpy()
        if name.startswith("t_above") or (values.max() * FAR > low and values.min() < high * FAR):
            continue
        raise CohortError(
            f"exposure: the target of {name} is {low:g} to {high:g}, and {np.median(values):.3g} "
            f"{measure_unit(model, name)} is expected of these doses; give the target in this unit",
            "bad_target",
            file=file,
            column="target",
        )
