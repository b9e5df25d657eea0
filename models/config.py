"""Settings of factor models, heads and training; light, since the command line reads them first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from omics.common.errors import ConfigError, require_range
from omics.common.registry import check_choice

ACCELERATORS = ("auto", "cpu", "cuda", "gpu", "mps")
STRATEGIES = ("auto", "ddp")

__all__ = ["FactorsConfig", "HeadConfig", "TrainerConfig", "migrated_head"]


@dataclass(frozen=True)
class FactorsConfig:
    """Latent factors.

    Parameters
    ----------
    model
        A name in FACTOR_MODELS: pca, gfa, vae, supervised_vae or mofa.
    count
        Number of factors that the views share.
    per_view
        Number of leading components of each view alone, beside them; 0 for none.
    """

    model: str = "pca"
    count: int = 15
    per_view: int = 10

    def __post_init__(self) -> None:
        require_range("factors.count", self.count, 1)
        require_range("factors.per_view", self.per_view, 0)


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
    by_site
        Compare patients within their declared site only, where the head is cox: each site has a baseline hazard of its
        own. What is predicted has the baseline of all.
    hidden
        Width of the hidden layer; 0 leaves the linear path alone.
    penalties
        Block of inputs -> ridge penalty of the linear path, on the scale of the whole likelihood: 1 is worth one
        observation of a coefficient with unit information. Blocks are covariates, factors, view.NAME (a view's own
        components) and, where there are arms, arm, arm:factors and arm:covariates. What is not named is as strong as
        the training patients ask for.
    ridge_deep
        Ridge penalty of the deep path, on the same scale.
    """

    survival: str = "cox"
    response: str = "logistic"
    by_site: bool = False
    hidden: int = 16
    penalties: Mapping[str, float] = field(default_factory=dict)
    ridge_deep: float = 20.0

    def __post_init__(self) -> None:
        require_range("head.hidden", self.hidden, 0)
        for name, penalty in self.penalties.items():
            require_range(f"head.penalties.{name}", penalty, 1e-6)
        require_range("head.ridge_deep", self.ridge_deep, 0)

    def name(self, kind: str) -> str:
        """Name of the head for a kind of endpoint."""
        return str(getattr(self, kind))

    def penalties_of(self, blocks: Iterable[str]) -> dict[int, float]:
        """Give number of a block -> penalty, of those that are named.

        Raises
        ------
        ConfigError
            If one is named that this cohort does not have.
        """
        numbers = {name: number for number, name in enumerate(blocks)}
        for name in self.penalties:
            check_choice(numbers, name, "block of head.penalties")
        return {numbers[name]: penalty for name, penalty in self.penalties.items()}


def migrated_head(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Call settings of a head what they are called now; release 0.1.0 knew one kind and one penalty of all inputs.

    Examples
    --------
    Its penalties stood on another scale, and are found anew.

    >>> migrated_head({"model": "cox", "hidden": 16, "ridge_wide": 0.3, "ridge_deep": 0.3})
    {'survival': 'cox', 'hidden': 16}
    """
    gone = ("ridge_wide", "ridge_deep") if "ridge_wide" in settings else ()
    known = {key: value for key, value in settings.items() if key not in gone}
    return {"survival" if key == "model" else key: value for key, value in known.items()}


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
    strategy
        As Lightning names them: auto (one process), ddp (a process a device, between which each batch is shared out).
    devices
        How many processors or GPUs train one model; more than one need ddp.
    """

    epochs: int = 150
    learning_rate: float = 0.02
    batch_size: int = 4096
    accelerator: str = "cpu"
    strategy: str = "auto"
    devices: int = 1

    def __post_init__(self) -> None:
        check_choice(dict.fromkeys(ACCELERATORS), self.accelerator, "trainer.accelerator")
        check_choice(dict.fromkeys(STRATEGIES), self.strategy, "trainer.strategy")
        require_range("trainer.devices", self.devices, 1)
        if self.devices > 1 and self.strategy != "ddp":
            raise ConfigError(f"trainer.devices is {self.devices}; more than one need trainer.strategy ddp")
        require_range("trainer.epochs", self.epochs, 1)
        require_range("trainer.learning_rate", self.learning_rate, 1e-6, 1)
        require_range("trainer.batch_size", self.batch_size, 2)
