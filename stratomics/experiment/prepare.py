"""Read the cohort of an experiment, complete its configuration, and read the same patients in worker processes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from datamodules.exposure.exposure_view import with_exposure
from datamodules.resampling import Design, design_of
from omics.cohort.read import cohort_endpoints, read_cohort
from omics.common.errors import CohortError, ConfigError
from stratomics.config import ExperimentConfig
from stratomics.experiment.check_config import check_config, complete_config
from stratomics.fitting.selected_endpoints import selected_endpoints
from stratomics.runtime.register import Registries, register_entries, registered

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["CohortReader", "complete_for_cohort", "prepare_experiment"]


def prepare_experiment(config: ExperimentConfig) -> tuple[ExperimentConfig, MuData]:
    """Check a configuration, read its cohort, and fill in the keys that depend on the cohort.

    Returns
    -------
    tuple
        The complete configuration, with absolute paths, and the cohort.

    Raises
    ------
    InputError
        If the configuration or the cohort has an error.
    """
    check_config(config)
    if config.cohort is None:
        raise ConfigError("no cohort is named; give --cohort COHORT or the key `cohort`")
    cohort = with_exposure(read_cohort(config.cohort))
    config = complete_for_cohort(config, cohort)
    split = dataclasses.replace(config.split, external=_absolute(config.split.external))
    return dataclasses.replace(config, cohort=_absolute(config.cohort), split=split), cohort


def _absolute(source: str | None) -> str | None:
    """Absolute path of a cohort, since workers and later commands may start in other folders."""
    if source is None or source.startswith("bundled:"):
        return source
    return str(Path(source).resolve())


def complete_for_cohort(config: ExperimentConfig, cohort: MuData) -> ExperimentConfig:
    """Fill in metric, baselines, controls and endpoints where the configuration leaves them to the cohort.

    The endpoints are selected once, so that all folds predict the same endpoints.

    Parameters
    ----------
    config
        The experiment.
    cohort
        All of its patients.

    Returns
    -------
    ExperimentConfig
        A copy without gaps.
    """
    endpoints = cohort_endpoints(cohort)
    config = complete_config(config, endpoints.primary().kind)
    return dataclasses.replace(config, endpoints=selected_endpoints(endpoints, config.endpoints))


@dataclass(frozen=True)
class CohortReader:
    """Reads the cohort again in a worker process, which is faster than sending it.

    Attributes
    ----------
    config
        The experiment, complete.
    digest
        Digest of the patients when the run began.
    registries
        Registries of the process that started the run, with the entries of the user.
    """

    config: ExperimentConfig
    digest: str
    registries: Registries = field(default_factory=registered)

    def __call__(self) -> tuple[ExperimentConfig, Design]:
        """Read configuration and patients.

        Raises
        ------
        CohortError
            If the files have changed since the run began.
        """
        register_entries(self.registries)
        cohort = with_exposure(read_cohort(str(self.config.cohort)))
        design = design_of(cohort, self.config.split, self.config.seed)
        if design.digest != self.digest:
            raise CohortError(
                "the files changed during the run; run again", "changed_files", file=self.config.cohort
            )
        return self.config, design

    def __hash__(self) -> int:
        return hash(self.digest)
