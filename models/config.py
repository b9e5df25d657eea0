"""Settings of factor models, heads and training; light, since the command line reads them first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omics.errors import require_range
from omics.tables import check_choice

ACCELERATORS = ("auto", "cpu", "cuda", "gpu", "mps")

__all__ = ["FactorsConfig", "HeadConfig", "TrainerConfig", "migrated_head"]


@dataclass(frozen=True)
class FactorsConfig:
    """Latent factors.

    Parameters
    ----------
    model
        A name in FACTOR_MODELS: pca, gfa, vae, supervised_vae or mofa.
    count
        Number of factors.
    """

    model: str = "pca"
    count: int = 15

    def __post_init__(self) -> None:
        require_range("factors.count", self.count, 1)


@dataclass(frozen=True)
class HeadConfig:
    """The networks that predict from factors and covariates.

    Parameters
    ----------
    survival
        The head of a survival endpoint, a name in HEADS: cox (proportional hazards), logistic_hazard (a hazard for
        each interval of time), competing_risks (one for each cause too), weibull_mixture (smooth curves).
    response
        The head of a response, a name in HEADS: logistic (positive or not), ordinal (levels in their order),
        multinomial (classes without one).
    hidden
        Width of the hidden layer; 0 leaves the linear path alone.
    ridge_wide
        Ridge penalty of the linear path, on the scale of the loss per event, or per patient for a response.
    ridge_deep
        Ridge penalty of the hidden layer.
    """

    survival: str = "cox"
    response: str = "logistic"
    hidden: int = 16
    ridge_wide: float = 0.3
    ridge_deep: float = 0.3

    def __post_init__(self) -> None:
        require_range("head.hidden", self.hidden, 0)
        require_range("head.ridge_wide", self.ridge_wide, 0)
        require_range("head.ridge_deep", self.ridge_deep, 0)

    def name(self, kind: str) -> str:
        """Name of the head for a kind of endpoint."""
        return str(getattr(self, kind))


def migrated_head(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Call settings of a head what they are called now; release 0.1.0 knew one kind and called it `model`.

    Examples
    --------
    >>> migrated_head({"model": "cox", "hidden": 16})
    {'survival': 'cox', 'hidden': 16}
    """
    return {"survival" if key == "model" else key: value for key, value in settings.items()}


@dataclass(frozen=True)
class TrainerConfig:
    """How networks are trained.

    Parameters
    ----------
    epochs
        Passes over the training patients.
    learning_rate
        Of Adam; it falls to 0 along half a cosine.
    batch_size
        Patients a step.
    accelerator
        As Lightning names them: cpu, gpu, auto.
    """

    epochs: int = 150
    learning_rate: float = 0.02
    batch_size: int = 4096
    accelerator: str = "cpu"

    def __post_init__(self) -> None:
        check_choice(dict.fromkeys(ACCELERATORS), self.accelerator, "trainer.accelerator")
        require_range("trainer.epochs", self.epochs, 1)
        require_range("trainer.learning_rate", self.learning_rate, 1e-6, 1)
        require_range("trainer.batch_size", self.batch_size, 2)
