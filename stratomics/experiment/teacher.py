"""The delivered model of a run as a teacher of panels: fitted again to any patients, whom it scores out of fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from omics.common.seeds import named_seed
from stratomics.experiment.parse_config import config_from_keys

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.runs.run_directory import RunDirectory
    from stratomics.strata.panel.target import Teacher

__all__ = ["teacher_of"]


def teacher_of(run: RunDirectory) -> Teacher:
    """Make the teacher of a run.

    Parameters
    ----------
    run
        A finished run, whose configuration the model is fitted with.

    Returns
    -------
    callable
        n patients -> (n,) log hazard or log odds of each, by the member of a new fit to these patients that did not
        see the patient.
    """

    def scores(patients: MuData) -> NDArray[np.float64]:
        from stratomics.encoding.training_part import TrainingPart
        from stratomics.fitting.fit import fit_part

        config = config_from_keys(run.config)
        part = TrainingPart(patients, config, named_seed(config.seed, "panel", "teacher"))
        return fit_part(part).held_out_scores(part)

    return scores
