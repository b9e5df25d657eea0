"""Cohorts to try things on: a bundled one and a simulated trial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["acc", "trial"]


def acc() -> MuData:
    """Read the bundled cohort: adrenocortical carcinoma, overall survival (TCGA), 92 patients, four views.

    Examples
    --------
    >>> acc().n_obs
    92
    """
    from omics.cohort.read import read_cohort

    return read_cohort("bundled:tcga_acc")


def trial(patients: int = 300, seed: int = 1, **settings: Any) -> MuData:
    """Simulate a randomised trial in which the treatment helps some patients more than others.

    Parameters
    ----------
    patients
        Number of patients.
    seed
        Seed of all random numbers.
    **settings
        Other settings of :func:`stratomics.simulate`.

    Returns
    -------
    MuData
        A cohort with two views, an arm, survival, response and toxicity.

    Examples
    --------
    >>> trial(60).n_obs
    60
    """
    from stratomics.api.simulate import simulate

    defaults = {"features": {"rna": 100, "protein": 60}, "signal": 0.6, "predictive_strength": 1.0}
    return simulate(**{**defaults, "patients": patients, "seed": seed, **settings})
