"""Multi-view variational autoencoder that is trained with the endpoints."""

from __future__ import annotations

import logging
from typing import Self

from datamodules.batch import Batch
from models.factors.factor_model import Factors
from models.factors.vae.endpoint_heads import trainable_endpoints
from models.factors.vae.model import VAE, to_factors
from models.factors.vae.supervised_training import supervised_held_out, train_supervised

__all__ = ["SupervisedVAE"]

log = logging.getLogger(__name__)


class SupervisedVAE(VAE):
    """The :class:`~models.factors.vae.model.VAE`, trained together with one linear ridge head per endpoint.

    It first trains without outcomes, and continues with the heads. The last factors, one per endpoint, start at the
    association of the views with the endpoint: higher means an earlier event, or a more likely response. Patients
    without an endpoint train the autoencoder only. Without a trainable endpoint, this is the VAE, and the log says so.

    Parameters are those of the VAE.

    Notes
    -----
    The factors are fitted to the outcomes of the training patients. Models of the same outcomes must therefore be
    trained on the factors of :meth:`fit_transform`, which for each patient do not use the outcomes of their fold.
    """

    def fit(self, batch: Batch) -> Self:
        """Train encoders and decoders on training patients, then with the heads of their endpoints.

        Raises
        ------
        FitError
            As for the VAE.
        """
        super().fit(batch)
        if names := self._endpoints(batch):
            self._fitted = train_supervised(self.fitted, batch, names, self.trainer, self.seed)
            self._fitted.store_moments(batch)
        return self

    def fit_transform(self, batch: Batch) -> Factors:
        """Learn from training patients, and return the factors that each of them would have as a new patient."""
        names = self._endpoints(batch)
        if not names:
            return super().fit_transform(batch)
        super().fit(batch)
        base = self.fitted
        self._fitted = train_supervised(base, batch, names, self.trainer, self.seed)
        self._fitted.store_moments(batch)
        held_out = supervised_held_out(base, batch, names, self.trainer, self.seed)
        return to_factors(batch, self.fitted, held_out)

    def _endpoints(self, batch: Batch) -> list[str]:
        names = trainable_endpoints(batch)
        if not names:
            log.info("no endpoint has enough data to train factors; they are those of the plain vae")
        return names
