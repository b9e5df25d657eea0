"""The cohort of a finished run, and the settings of its factors, for a search for groups in it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from datamodules.config import HarmonizeConfig
from datamodules.exposure.exposure_view import with_exposure
from models.factors import READS_OUTCOMES
from omics.cohort.read import cohort_digest, read_cohort
from omics.common.errors import InputError
from stratomics.runs.run_directory import RunDirectory
from stratomics.strata.groups.analysis import GroupSettings

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["cohort_of_run", "settings_of_run"]


def cohort_of_run(run: RunDirectory) -> MuData:
    """Read the cohort that a run was made from.

    Parameters
    ----------
    run
        A finished run.

    Returns
    -------
    MuData
        The cohort, with the digest that the run recorded.

    Raises
    ------
    InputError
        If the files of the cohort are missing or have changed.
    """
    source = run.config.get("cohort")
    if source is None:
        raise InputError(f"{run.path}: the run names no cohort; give the cohort itself, with --out")
    cohort = with_exposure(read_cohort(str(source)))
    if cohort_digest(cohort) != run.provenance["cohort_digest"]:
        raise InputError(
            f"{run.path}: the files of {source} have changed since the run; run it again, or give the cohort with --out"
        )
    return cohort


def settings_of_run(run: RunDirectory, settings: GroupSettings) -> GroupSettings:
    """Replace model, number of factors, harmonization and seed by those of a run.

    Parameters
    ----------
    run
        A finished run.
    settings
        What to search for.

    Returns
    -------
    GroupSettings
        A model that reads outcomes is replaced by gfa, since groups are learned without them.
    """
    factors = run.config["factors"]
    model = "gfa" if factors["model"] == READS_OUTCOMES else str(factors["model"])
    harmonize = HarmonizeConfig(**run.config["harmonize"])
    return dataclasses.replace(
        settings, model=model, count=int(factors["count"]), harmonize=harmonize, seed=int(run.config["seed"])
    )
