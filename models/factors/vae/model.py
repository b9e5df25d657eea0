"""Multi-view variational autoencoder: a product of experts over whichever views a patient has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from datamodules.batch import Batch
from models.config import TrainerConfig
from models.factors.factor_model import Factors
from models.factors.likelihoods import GAUSSIAN, LIKELIHOODS, expected_response
from models.factors.linear_gaussian import LinearView
from models.factors.vae.fitted_network import FittedNetwork
from models.factors.vae.held_out_networks import left_out
from models.factors.vae.initialization import Columns, columns_of, start
from models.factors.vae.network import MultiViewNetwork, Posterior
from models.factors.vae.train import AutoencoderTraining, train
from omics.common.errors import FitError, nearest
from omics.common.files import read_state, write_state
from omics.common.seeds import named_generator, named_seed

__all__ = ["VAE", "factors_of"]

Array = NDArray[np.float64]

DRAWS = 32
"""Of the factors, for the predictor of a deep decoder."""


class VAE:
    """Multi-view variational autoencoder (Wu and Goodman 2018, arXiv 1802.05335), trained by Lightning.

    Each view has an encoder, whose expert multiplies with those of the other views and the prior, and a decoder with
    the likelihood of its modality. A view or a value that a patient lacks takes no part.

    Parameters
    ----------
    count
        Number of factors. More than patients - 1 or than features are cut to that; those that explain nothing stay, at
        the prior.
    seed
        Of whatever is random in `fit`.
    hidden
        Units of the layer beside the linear path of each encoder and decoder; 0 leaves the linear paths alone.
    likelihoods
        View -> bernoulli, poisson or gaussian, which is what a view is that is not named. Others than Gaussian need
        values as they were measured.
    trainer
        Epochs, learning rate, batch size and accelerator.

    Notes
    -----
    All epochs are run, and the last is kept. Patients held out to choose an epoch would be missed where patients are
    few, and their bound was found to rise with the epochs: it counts what the loadings cost.
    The sd of :meth:`fit_transform` counts how far its networks disagree; without it 90% intervals covered 81% of the
    factors of 100 patients x 4 views x 1,000 features in place of 93%, which is what they cover of new ones.
    A feature that no training patient has gets loadings 0, mean 0 and an infinite sd.
    """

    def __init__(
        self,
        count: int,
        seed: int = 0,
        *,
        hidden: int = 0,
        likelihoods: Mapping[str, str] | None = None,
        trainer: TrainerConfig | None = None,
    ) -> None:
        self.count, self.seed, self.hidden = count, seed, hidden
        self.likelihoods = dict(likelihoods or {})
        self.trainer = trainer or TrainerConfig(batch_size=512)
        for view, name in self.likelihoods.items():
            if name not in {GAUSSIAN, *LIKELIHOODS}:
                known = nearest(name, [GAUSSIAN, *LIKELIHOODS])
                raise FitError(f"view {view}: no likelihood is called {name!r}; {known}")
        self._fitted: FittedNetwork | None = None

    @property
    def fitted(self) -> FittedNetwork:
        """What `fit` learned."""
        if self._fitted is None:
            raise FitError("this VAE was not fitted; call fit with training patients first")
        return self._fitted

    def fit(self, batches: Iterable[Batch]) -> Self:
        """Train encoders and decoders on training patients.

        Raises
        ------
        FitError
            If a view has no values, no variance, or values that its likelihood cannot give; if training diverges.
        """
        batch = Batch.concatenate(batches)
        limit = min(len(batch) - 1, sum(x.shape[1] for x in batch.views.values()))
        if limit < 1:
            raise FitError(
                f"{len(batch)} patients cannot carry a factor; give two or more, and a view with features"
            )
        columns = {
            name: columns_of(name, x, batch.observed[name], self.likelihoods.get(name, GAUSSIAN))
            for name, x in batch.views.items()
            if x.shape[1]
        }
        fitted = FittedNetwork(self._network(columns, min(self.count, limit)), columns)
        inputs = fitted.inputs(batch)
        start(fitted.network, inputs)
        train(
            AutoencoderTraining(fitted.network, len(batch), self.trainer, named_seed(self.seed, "vae")),
            inputs,
        )
        fitted.network.double()
        fitted.keep_moments(batch)
        self._fitted = fitted
        return self

    def fit_transform(self, batches: Iterable[Batch]) -> Factors:
        """Learn from training patients, and give each the factors that he would have if he were new."""
        batch = Batch.concatenate(batches)
        fitted = self.fit([batch]).fitted
        return factors_of(batch, fitted, left_out(fitted, batch, self.trainer, self.seed))

    def transform(self, batch: Batch) -> Factors:
        """Posterior mean and sd of patients that were not trained on, from the values that were measured."""
        return factors_of(batch, self.fitted, self.fitted.posterior(batch))

    @torch.no_grad()
    def reconstruct(self, view: str, batch: Batch) -> tuple[Array, Array]:
        """Mean and sd (n, p) of the values of one view, from whatever was measured on each patient."""
        decoder, columns = self.fitted.decoder(view), self.fitted.columns[view]
        posterior = self.fitted.posterior(batch)
        generator = named_generator(self.seed, "vae", "reconstruct")
        draws = DRAWS if self.fitted.network.hidden else 1
        moments = []
        for _ in range(draws):
            draw = generator.standard_normal(self.fitted.network.count)
            moments.append(decoder(posterior, torch.from_numpy(draw).expand_as(posterior.mean)))
        means, variances = (torch.stack(part) for part in zip(*moments, strict=True))
        mean, variance = means.mean(dim=0), variances.mean(dim=0) + means.var(dim=0, correction=0)
        if decoder.likelihood == GAUSSIAN:
            variance = variance + decoder.noise()
        values, spread = expected_response(decoder.likelihood, mean.numpy(), variance.numpy())
        return columns.restored(values, np.sqrt(spread))

    def loadings(self, view: str) -> Array:
        """(p, k) loadings of one view on the scale of its predictor; for a deep decoder, its mean Jacobian."""
        return self._linear(view).loadings

    def variance_explained(self) -> pd.DataFrame:
        """Share of the variance of each view (rows) that each factor (columns) explains, by the loadings."""
        shares = {name: self._of_one(name).explained() for name in self.fitted.columns}
        names = [f"factor{k + 1}" for k in range(self.fitted.network.count)]
        return pd.DataFrame.from_dict(shares, orient="index", columns=names)

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        fitted = self.fitted
        settings = {
            "count": fitted.network.count,
            "seed": self.seed,
            "hidden": fitted.network.hidden,
            "likelihoods": {view: fitted.decoder(view).likelihood for view in fitted.columns},
        }
        arrays = {f"network.{key}": value.numpy() for key, value in fitted.network.state_dict().items()}
        for view, columns in fitted.columns.items():
            arrays |= {f"columns.{view}.{key}": value for key, value in vars(columns).items()}
        write_state(folder, name, settings, arrays)

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        settings, arrays = read_state(folder, name)
        likelihoods = settings["likelihoods"]
        columns = {
            view: Columns(*(arrays[f"columns.{view}.{key}"] for key in ("known", "offset", "scale")))
            for view in likelihoods
        }
        model = cls(settings["count"], settings["seed"], hidden=settings["hidden"], likelihoods=likelihoods)
        network = model._network(columns, settings["count"]).double().eval()
        prefix = "network."
        network.load_state_dict(
            {
                key.removeprefix(prefix): torch.from_numpy(value)
                for key, value in arrays.items()
                if key.startswith(prefix)
            }
        )
        model._fitted = FittedNetwork(network, columns)
        return model

    def _network(self, columns: Mapping[str, Columns], count: int) -> MultiViewNetwork:
        features = [int(view.known.sum()) for view in columns.values()]
        likelihoods = [self.likelihoods.get(view, GAUSSIAN) for view in columns]
        # torch starts layers from its global generator; it is lent a seed and given back as it was.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(named_seed(self.seed, "vae", "start"))
            return MultiViewNetwork(features, count, self.hidden, likelihoods)

    def _of_one(self, view: str) -> LinearView:
        """Give one view with loadings on factors of mean square 1."""
        linear = self._linear(view)
        return replace(linear, loadings=linear.loadings * self.fitted.network.moment.sqrt().numpy())

    @torch.no_grad()
    def _linear(self, view: str) -> LinearView:
        """One view with its mean Jacobian in place of its decoder, on the scale of its values."""
        decoder, columns = self.fitted.decoder(view), self.fitted.columns[view]
        noise = decoder.spread()
        if decoder.likelihood == GAUSSIAN:
            noise = noise + decoder.noise()
        loadings, mean = decoder.jacobian().numpy(), decoder.intercept.numpy()
        return columns.on_their_scale(mean, loadings, 1 / noise.numpy(), decoder.likelihood)


def factors_of(batch: Batch, fitted: FittedNetwork, posterior: Posterior) -> Factors:
    """Hand over a posterior of the patients of `batch` as arrays."""
    return Factors(posterior.mean.numpy(), posterior.variance.sqrt().numpy(), batch.known(fitted.columns))
