"""The truth of a simulated cohort, which is unknown for a real one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Truth", "dose_fraction", "expit", "hazards"]

Values = NDArray[np.float64]


def dose_fraction(doses: Values) -> Values:
    """Dose of each arm, (a,), as a fraction of the highest; 0 where no patient is treated.

    Examples
    --------
    >>> dose_fraction(np.array([0.0, 6.0, 12.0]))
    array([0. , 0.5, 1. ])
    >>> dose_fraction(np.array([0.0]))
    array([0.])
    """
    highest = float(doses[-1])
    return doses / highest if highest > 0 else np.zeros_like(doses)


def hazards(prognostic: Values, effect: Values, doses: Values) -> Values:
    """Log hazards of patients in each arm.

    Parameters
    ----------
    prognostic
        (n,) log hazard that does not depend on the arm.
    effect
        (n,) effect of the highest dose on the log hazard.
    doses
        (a,) dose of each arm, ascending.

    Returns
    -------
    array of float
        (n, a) log hazards.
    """
    log_hazard: Values = prognostic[:, None] + dose_fraction(doses) * effect[:, None]
    return log_hazard


def expit(log_odds: Values) -> Values:
    """Convert log odds to probabilities."""
    probability: Values = 1.0 / (1.0 + np.exp(-log_odds))
    return probability


@dataclass(frozen=True, eq=False)
class Truth:
    """The truth for n patients, in the order of ``cohort.obs``, and a arms, the control first.

    The log hazard of a patient in an arm, relative to the Weibull baseline, is ::

        prognostic + dose / highest dose * (treatment_log_hazard_ratio + predictive)

    and the log odds of response are the intercept minus the same sum.

    Attributes
    ----------
    sample_id
        Ids of the patients.
    doses
        (a,) dose of each arm, ascending from 0; only 0 where no patient is treated.
    treatment_log_hazard_ratio
        Effect of the highest dose at a predictive part of 0.
    factors
        (n, k), independent standard normal.
    loadings
        View -> (features, k), on the latent scale of the view.
    prognostic
        (n,) log hazard that does not depend on the arm; its mean in the population is 0.
    predictive
        (n,) effect of the highest dose on the log hazard minus its average; its mean in the population is 0.
    response_intercept
        Log odds of response at a log hazard of 0.
    toxicity_probability
        (n, a) probability of toxicity.
    responder
        (n,) bool: the patient would respond to the highest dose; equals the observed response of those who received it.
    weibull_shape, weibull_scale
        Baseline survival at t days is ``exp(-(t / scale) ** shape)``.
    horizon
        Days up to which `benefit_rmst` counts.
    panel
        View and name of each feature that is related to the log hazard by itself.
    """

    sample_id: tuple[str, ...]
    doses: Values
    treatment_log_hazard_ratio: float
    factors: Values
    loadings: Mapping[str, Values]
    prognostic: Values
    predictive: Values
    response_intercept: float
    toxicity_probability: Values
    responder: NDArray[np.bool_]
    weibull_shape: float
    weibull_scale: float
    horizon: float
    panel: tuple[tuple[str, str], ...] = ()

    @property
    def log_hazard(self) -> Values:
        """(n, a) log hazard ratio to the baseline."""
        return hazards(self.prognostic, self.treatment_log_hazard_ratio + self.predictive, self.doses)

    @property
    def response_probability(self) -> Values:
        """(n, a) probability of a positive response."""
        return expit(self.response_intercept - self.log_hazard)

    def survival(self, times: ArrayLike) -> Values:
        """(n, a, t) probability that no event occurs within `times` days, (t,)."""
        cumulative = (np.asarray(times, dtype=np.float64) / self.weibull_scale) ** self.weibull_shape
        survival: Values = np.exp(-np.exp(self.log_hazard)[:, :, None] * cumulative)
        return survival

    def rmst(self, horizon: float) -> Values:
        """(n, a) restricted mean survival time: expected days without the event within `horizon`."""
        # Gauss-Legendre quadrature over the square root of time, with more nodes early, where the curve bends most.
        nodes, weights = np.polynomial.legendre.leggauss(64)
        root = (nodes + 1.0) / 2.0
        mean: Values = self.survival(horizon * root**2) @ (horizon * root * weights)
        return mean

    @property
    def benefit_response(self) -> Values:
        """(n,) true difference in response probability, highest dose minus control."""
        probability = self.response_probability
        return probability[:, -1] - probability[:, 0]

    @property
    def benefit_rmst(self) -> Values:
        """(n,) true difference in restricted mean survival time to `horizon`, in days."""
        mean = self.rmst(self.horizon)
        return mean[:, -1] - mean[:, 0]

    @property
    def benefits(self) -> NDArray[np.bool_]:
        """(n,) bool: the highest dose lowers the hazard, so both benefits are positive."""
        hazard = self.log_hazard
        return hazard[:, -1] < hazard[:, 0]
