"""``st.tl.tumour_growth``: growth of the tumours in the cohort of a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from omics.common.seeds import named_generator
from stratomics.pharmacology.tumour_inputs import tumour_inputs
from stratomics.runs.run_directory import RunDirectory
from stratomics.strata.groups.from_run import cohort_of_run

if TYPE_CHECKING:
    from stratomics.api.run import Run
    from stratomics.pharmacology.tumour_growth import TumourGrowth

__all__ = ["tumour_growth"]


def tumour_growth(run: Run | str | Path, curve: str = "stein") -> TumourGrowth:
    """Fit growth to the tumour sizes of the cohort of a run. For research; not for dosing of patients.

    Parameters
    ----------
    run
        A finished run, or its folder, whose cohort has the block ``tumour_size``. It is not changed.
    curve
        ``stein`` or ``claret``.

    Returns
    -------
    TumourGrowth
        ``typical()`` values, ``slopes()`` of factors, covariates and exposure with 95% intervals, ``errors()`` of
        forecasts of held-out patients, and ``patients``: their growth rests on sizes after baseline and does not
        predict survival.

    Raises
    ------
    ConfigError
        There is no such curve.
    CohortError
        The cohort has no tumour sizes.
    InputError
        The run has no factors, or the files of its cohort have changed.
    """
    from models.tumour.curves import find_curve
    from stratomics.pharmacology import tumour_growth as growth

    find_curve(curve)
    directory = RunDirectory(Path(run) if isinstance(run, str | Path) else run.path)
    inputs = tumour_inputs(directory, cohort_of_run(directory))
    return growth.tumour_growth(curve, inputs, named_generator(0, "tumour growth", curve))
