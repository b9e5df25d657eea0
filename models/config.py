"""Settings of factor models, heads and training. No heavy imports: the command line reads these settings first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from omics.common.errors import ConfigError, require_range
from omics.common.registry import check_choice

ACCELERATORS = ("auto", "cpu", "cuda", "gpu", "mps")
STRATEGIES = ("auto", "ddp")

__all__ = ["FactorsConfig", "HeadConfig", "TrainerConfig"]


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
        Number of leading components of each single view, in addition to the shared factors; 0 for none.
    """

    model: str = "pca"
    count: int = 15
    per_view: int = 10

    def __post_init__(self) -> None:
        require_range("factors.count", self.count, 1)
        require_range("factors.per_view", self.per_view, 0)


AUTO = "auto"
"""Value of ``head.survival`` that leaves the choice to the training patients."""

MANY_EVENTS, EVENTS_PER_INPUT = 300, 10


@dataclass(frozen=True)
class HeadConfig:
    """The networks that predict from factors and covariates.

    Parameters
    ----------
    survival
        The head of a survival endpoint, a name in HEADS: cox (proportional hazards), logistic_hazard (one hazard for
        each time interval), competing_risks (the same for each cause), weibull_mixture (smooth curves); or auto: see
        :meth:`for_size`.
    response
        The head of a response endpoint, a name in HEADS: logistic (two classes), ordinal (ordered levels),
        multinomial (unordered classes).
    by_site
        For the cox head: compare patients only within their declared site, so that each site has a separate baseline
        hazard. Predictions use one baseline hazard, estimated from all sites.
    hidden
        Width of the hidden layer; with 0 the model is linear.
    penalties
        Block of inputs -> ridge penalty of the linear path, on the scale of the whole likelihood: a penalty of 1 counts
        as much as one observation of a coefficient with unit information. Blocks are covariates, factors, view.NAME
        (the components of one view) and, in a cohort with arms, arm, arm:factors and arm:covariates. The penalty of a
        block that is not named is estimated from the training patients.
    ridge_deep
        Ridge penalty of the deep path, on the same scale.
    """

    survival: str = AUTO
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

    def for_size(self, events: int, inputs: int) -> HeadConfig:
        """Choose the head of survival, if it is left open, by the number of events and of inputs of the network.

        With many events per input, curves need not be proportional, and a layer four times as wide with half the
        penalty does not overfit. METABRIC, GBSG and a cohort of 3,722 patients are predicted better with it; with fewer
        than 300 events the cox head is as good (`docs/decisions/heads_and_training.md`).

        Parameters
        ----------
        events
            Events of the primary endpoint among the training patients, or patients of the smaller class.
        inputs
            Inputs of the network.

        Returns
        -------
        HeadConfig
            With a name of HEADS.

        Examples
        --------
        >>> HeadConfig().for_size(100, 40).survival, HeadConfig().for_size(900, 40).survival
        ('cox', 'weibull_mixture')
        """
        if self.survival != AUTO:
            return self
        if self.by_site or events < max(MANY_EVENTS, EVENTS_PER_INPUT * inputs):
            return replace(self, survival="cox")
        return replace(
            self, survival="weibull_mixture", hidden=4 * self.hidden, ridge_deep=self.ridge_deep / 2
        )

    def penalties_by_block(self, blocks: Iterable[str]) -> dict[int, float]:
        """Map the index of each block with a configured penalty to that penalty.

        Raises
        ------
        ConfigError
            If the configuration names a block that this cohort does not have.
        """
        numbers = {name: number for number, name in enumerate(blocks)}
        for name in self.penalties:
            check_choice(numbers, name, "block of head.penalties")
        return {numbers[name]: penalty for name, penalty in self.penalties.items()}


@dataclass(frozen=True)
class TrainerConfig:
    """How networks are trained.

    Parameters
    ----------
    epochs
        Passes over the training patients.
    learning_rate
        Initial learning rate of Adam; it decreases to 0 along half a cosine.
    batch_size
        Patients per optimization step.
    accelerator
        As Lightning names them: cpu, gpu, auto.
    strategy
        As Lightning names them: auto (one process), ddp (one process per device; each batch is divided among them).
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
