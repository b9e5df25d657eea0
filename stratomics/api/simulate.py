"""Simulate a cohort with a known truth, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omics.common.errors import ConfigError, nearest
from omics.simulate.config import SimulationConfig

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["simulate"]


def simulate(**settings: Any) -> MuData:
    """Simulate a cohort with known factors, responders and treatment effects.

    Parameters
    ----------
    **settings
        Settings of :class:`omics.simulate.config.SimulationConfig`, such as `patients`, `features` and `seed`.

    Returns
    -------
    MuData
        The cohort; ``.uns["truth"]["patients"]`` has the true factors, hazards and benefits, one row per patient. No
        model reads them.

    Raises
    ------
    ConfigError
        If a setting does not exist or is out of range.

    Examples
    --------
    >>> cohort = simulate(patients=40, features={"rna": 20, "protein": 10})
    >>> cohort.n_obs, cohort.uns["truth"]["patients"]["benefit_rmst"].shape
    (40, (40,))
    """
    from dataclasses import asdict

    from omics.simulate.simulate_cohort import simulate as simulate_cohort
    from omics.simulate.write_folder import TRUTH, stored_truth

    known = SimulationConfig.__dataclass_fields__
    for name in settings:
        if name not in known:
            raise ConfigError(f"unknown setting '{name}' of a simulation; {nearest(name, known)}")
    simulated = simulate_cohort(SimulationConfig(**settings))
    simulated.cohort.uns[TRUTH] = stored_truth(simulated.truth, asdict(simulated.config))
    return simulated.cohort
