"""Draw covariates, arms and outcomes (survival, response, toxicity) from true hazards."""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.seeds import named_generator
from omics.simulate.config import SimulationConfig
from omics.simulate.truth import expit

__all__ = [
    "assign_arms",
    "draw_covariates",
    "draw_survival",
    "share_intercept",
    "toxicity_log_odds",
    "weibull_scale",
]

Values = NDArray[np.float64]
YEAR = 365.25
STAGES = ("I", "II", "III", "IV")
STAGE_SHARES = (0.25, 0.30, 0.25, 0.20)
CORRELATION = {"age": 0.3, "female": -0.15, "stage": 0.5}
"""Correlation of the latent value of a covariate with the prognostic score; a covariate has no other information."""


def draw_covariates(config: SimulationConfig, score: Values) -> pd.DataFrame:
    """Draw age in years, female (0 or 1), stage (I to IV) and site.

    Parameters
    ----------
    config
        Settings of the cohort.
    score
        (n,) prognostic score, standard normal in the population.

    Returns
    -------
    DataFrame
        One row per patient.
    """
    rng = named_generator(config.seed, "covariates")
    latent = {
        name: r * score + np.sqrt(1.0 - r**2) * rng.standard_normal(len(score))
        for name, r in CORRELATION.items()
    }
    cuts = [NormalDist().inv_cdf(float(share)) for share in np.cumsum(STAGE_SHARES)[:-1]]
    site = named_generator(config.seed, "site").integers(config.sites, size=len(score))
    return pd.DataFrame(
        {
            "age": np.clip(np.round(62.0 + 10.0 * latent["age"], 1), 18.0, 95.0),
            "female": (latent["female"] > 0).astype(np.int64),
            "stage": np.array(STAGES, dtype=object)[np.searchsorted(cuts, latent["stage"])],
            "site": [f"site_{number + 1}" for number in site],
        }
    )


def assign_arms(config: SimulationConfig, arms: int) -> NDArray[np.int64]:
    """Randomise patients to arms with sizes that differ by at most one.

    Parameters
    ----------
    config
        Settings of the cohort.
    arms
        Number of arms.

    Returns
    -------
    array of int
        (n,) arm of each patient, from 0.
    """
    return named_generator(config.seed, "arm").permutation(np.arange(config.patients) % arms)


def weibull_scale(config: SimulationConfig, log_hazard: Values) -> float:
    """Find the Weibull scale that gives the wanted share of observed events.

    Parameters
    ----------
    config
        Settings of the cohort.
    log_hazard
        (n,) log hazard of each patient, relative to the baseline.

    Returns
    -------
    float
        The scale in days.
    """
    grid = np.linspace(0.0, config.follow_up, 401)
    middle = (grid[1:] + grid[:-1]) / 2.0
    # Probability that a patient is still observed: the study has not ended, and the patient is not lost.
    enrolled = (config.follow_up - middle) / max(config.accrual, 1e-9)
    observed = np.clip(enrolled, 0.0, 1.0) * np.exp(-_loss_rate(config) * middle)

    def share(log_scale: float) -> float:
        cumulative = (grid / np.exp(log_scale)) ** config.weibull_shape
        mean = np.mean([np.exp(-np.exp(value) * cumulative) for value in log_hazard], axis=0)
        return float(-np.diff(mean) @ observed)

    # Wide enough that with the permitted strengths almost no patient has an event, or almost every patient.
    middle_scale, far = np.log(config.follow_up), 10.0 + 30.0 / config.weibull_shape
    log_scale = _solve(
        lambda value: -share(value), -config.event_share, middle_scale - far, middle_scale + far
    )
    return float(np.exp(log_scale))


def draw_survival(
    config: SimulationConfig, log_hazard: Values, scale: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw observed times and events.

    An event within a day is recorded at the end of the day, so that survival at whole days is exact.

    Parameters
    ----------
    config
        Settings of the cohort.
    log_hazard
        (n,) log hazard of each patient, relative to the baseline.
    scale
        Weibull scale in days.

    Returns
    -------
    tuple of array
        (n,) time in whole days, from 1, and (n,) event, 1 where it occurred.
    """
    patients = len(log_hazard)
    exposure = named_generator(config.seed, "survival").exponential(size=patients)
    event_time = scale * (exposure * np.exp(-log_hazard)) ** (1.0 / config.weibull_shape)
    rng = named_generator(config.seed, "censoring")
    end = config.follow_up - rng.uniform(0.0, config.accrual, patients)
    # Without dropout the loss comes after the end of any study.
    loss = rng.exponential(size=patients) / max(_loss_rate(config), 1e-12)
    censored_time = np.minimum(end, loss)
    event = event_time <= censored_time
    time = np.ceil(np.where(event, event_time, censored_time))
    return np.maximum(time, 1.0).astype(np.int64), event.astype(np.int64)


def share_intercept(log_odds: Values, share: float) -> float:
    """Find the intercept that gives log odds a wanted mean probability.

    Parameters
    ----------
    log_odds
        (n,) log odds without their intercept.
    share
        Mean of the probabilities.

    Returns
    -------
    float
        The intercept.
    """
    return _solve(lambda value: float(expit(value + log_odds).mean()), share, -40.0, 40.0)


def toxicity_log_odds(age: Values, fraction: Values) -> Values:
    """Log odds of toxicity without their intercept; they increase with age and dose and do not depend on the factors.

    Parameters
    ----------
    age
        (n,) age in years.
    fraction
        (a,) dose of each arm as a fraction of the highest.

    Returns
    -------
    array of float
        (n, a) log odds.
    """
    return 0.05 * (age - 62.0)[:, None] + 0.8 * fraction


def _loss_rate(config: SimulationConfig) -> float:
    return float(-np.log1p(-config.dropout) / YEAR)


def _solve(rising: Callable[[float], float], target: float, low: float, high: float) -> float:
    """Argument at which an increasing function has its target value, by bisection."""
    for _ in range(50):
        middle = (low + high) / 2.0
        low, high = (middle, high) if rising(middle) < target else (low, middle)
    return (low + high) / 2.0
