"""Settings of a simulated cohort; quick to import, since the command line needs them first."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from omics.common.errors import ConfigError, require_range
from omics.common.registry import check_choice
from omics.simulate.simulated_views import VIEWS

__all__ = ["SimulationConfig"]

FEW = 8
"""Expected number of positives that an endpoint needs, so that a cohort without any is very unlikely."""


def _default_features() -> dict[str, int]:
    return {
        "mutation": 60,
        "copy_number": 80,
        "germline": 80,
        "rna": 200,
        "protein": 80,
        "metabolite": 80,
        "microbiome": 100,
    }


@dataclass(frozen=True)
class SimulationConfig:
    """Settings of a simulated cohort.

    Parameters
    ----------
    patients
        Number of patients.
    factors
        Number of independent standard normal factors. The first half of them is prognostic, the last one
        predictive, and the others are not related to any outcome.
    features
        View -> number of features; the views are those of VIEWS, and a view that is left out is not simulated.
    signal
        Share of the latent variance of a feature that the factors explain, where the feature loads on any.
    sites
        Number of sites; each patient is assigned to one at random, all with the same probability.
    site_effect
        Standard deviation of the shift of a feature by the site, in latent standard deviations of the feature.
    missing_views
        Probability that a patient lacks a view, independently of everything else.
    viewless
        Whether a patient may lack all views; otherwise every patient keeps at least one.
    prognostic_strength
        Standard deviation over patients of the log hazard that does not depend on the arm.
    predictive_strength
        Standard deviation over patients of the effect of treatment on the log hazard.
    panel
        Number of features, of any views, that are related to the log hazard by themselves, beside the factors; all
        with the same strength, half of them protective.
    panel_strength
        Standard deviation over patients of the log hazard that these features cause together.
    panel_benefit
        Standard deviation over patients of the effect of treatment on the log hazard that they cause together.
    treatment_log_hazard_ratio
        Effect of the highest dose on the log hazard at the mean of the predictive factor; negative is a benefit.
    arm
        Whether there is a randomised treatment.
    doses
        Doses of the treated arms, ascending; all arms, including the control (0), have the same size, and
        the effect is proportional to the dose.
    event_share
        Expected share of patients whose event is observed.
    response_share
        Expected share of responders.
    toxicity_share
        Expected share of patients with toxicity.
    weibull_shape
        Shape of the Weibull baseline hazard; 1 is exponential.
    accrual
        Days during which patients enrol, at a constant rate.
    follow_up
        Days from the first enrolment to the end of the study, when all remaining patients are censored.
    dropout
        Share of patients per year who are lost to follow-up at random.
    horizon
        Days up to which the true survival benefit is counted.
    seed
        Seed of all random numbers.
    """

    patients: int = 300
    factors: int = 5
    features: dict[str, int] = field(default_factory=_default_features)
    signal: float = 0.5
    sites: int = 3
    site_effect: float = 0.5
    missing_views: float = 0.15
    viewless: bool = False
    prognostic_strength: float = 0.8
    predictive_strength: float = 0.6
    panel: int = 0
    panel_strength: float = 1.0
    panel_benefit: float = 0.0
    treatment_log_hazard_ratio: float = -0.3
    arm: bool = True
    doses: tuple[float, ...] = (1.0,)
    event_share: float = 0.6
    response_share: float = 0.35
    toxicity_share: float = 0.2
    weibull_shape: float = 1.2
    accrual: float = 1095.0
    follow_up: float = 1826.0
    dropout: float = 0.05
    horizon: float = 1095.0
    seed: int = 0

    def __post_init__(self) -> None:
        require_range("patients", self.patients, 20)
        require_range("factors", self.factors, 2)
        self._check_views()
        require_range("signal", self.signal, 0, 1)
        require_range("sites", self.sites, 1, self.patients)
        require_range("site_effect", self.site_effect, 0, 5)
        require_range("prognostic_strength", self.prognostic_strength, 0, 3)
        require_range("predictive_strength", self.predictive_strength, 0, 3)
        require_range("treatment_log_hazard_ratio", self.treatment_log_hazard_ratio, -3, 3)
        require_range("panel", self.panel, 0, sum(self.features.values()))
        require_range("panel_strength", self.panel_strength, 0, 3)
        require_range("panel_benefit", self.panel_benefit, 0, 3)
        self._check_doses()
        for key in ("event_share", "response_share", "toxicity_share"):
            require_range(key, getattr(self, key), FEW / self.patients, 0.95)
        require_range("weibull_shape", self.weibull_shape, 0.3, 5)
        require_range("follow_up", self.follow_up, 1)
        require_range("accrual", self.accrual, 0, self.follow_up - 1)
        require_range("dropout", self.dropout, 0, 0.9)
        require_range("horizon", self.horizon, 1, self.follow_up)
        require_range("seed", self.seed, 0)

    def _check_views(self) -> None:
        if not self.features:
            raise ConfigError("features names no view; give at least one, such as rna: 200")
        for view, count in self.features.items():
            check_choice(VIEWS, view, "view in features")
            require_range(f"features.{view}", count, 2)
        require_range("missing_views", self.missing_views, 0, 0.95)

    def _check_doses(self) -> None:
        if not self.doses:
            raise ConfigError("doses is empty; give at least one dose, or set arm: false")
        require_range("doses", self.doses[0], 1e-6, 1e6)
        if any(not low < high <= 1e6 for low, high in pairwise(self.doses)):  # noqa: PLR2004  # as above
            raise ConfigError(f"doses are {list(self.doses)}; they must ascend, each once, up to 1e6")
