"""Multi-view variational autoencoder whose factors the endpoints teach too."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Self

from datamodules.batch import Batch
from models.factors.factor_model import Factors
from models.factors.vae.endpoint_heads import learnable
from models.factors.vae.model import VAE, factors_of
from models.factors.vae.supervised_training import supervised, supervised_left_out

__all__ = ["SupervisedVAE"]

log = logging.getLogger(__name__)


class SupervisedVAE(VAE):
    """The :class:`~models.factors.vae.model.VAE` trained together with a linear ridge head an endpoint.

    It first trains without outcomes, and then goes on with the heads. The last factors, one an endpoint, begin at what
    the views say of it: higher means an earlier event, or a likelier response. Patients without an endpoint teach the
    autoencoder. Where no endpoint teaches anything, this is the VAE, and the log says so.

    Parameters are those of the VAE.

    Notes
    -----
    What was trained on outcomes fits those of its patients, so that whatever is trained on the same outcomes needs the
    factors of :meth:`fit_transform`: in a patient's factors there is no outcome of his, nor of another of his fold.
    """

    def fit(self, batches: Iterable[Batch]) -> Self:
        """Train encoders and decoders on training patients, then with the heads of their endpoints.

        Raises
        ------
        FitError
            As the VAE does.
        """
        batch = Batch.concatenate(batches)
        super().fit([batch])
        if names := self._taught_by(batch):
            self._fitted = supervised(self.fitted, batch, names, self.trainer, self.seed)
            self._fitted.keep_moments(batch)
        return self

    def fit_transform(self, batches: Iterable[Batch]) -> Factors:
        """Learn from training patients, and give each the factors that he would have if he were new."""
        batch = Batch.concatenate(batches)
        names = self._taught_by(batch)
        if not names:
            return super().fit_transform([batch])
        super().fit([batch])
        base = self.fitted
        self._fitted = supervised(base, batch, names, self.trainer, self.seed)
        self._fitted.keep_moments(batch)
        as_new = supervised_left_out(base, batch, names, self.trainer, self.seed)
        return factors_of(batch, self.fitted, as_new)

    def _taught_by(self, batch: Batch) -> list[str]:
        names = learnable(batch)
        if not names:
            log.info("no endpoint teaches anything about factors; they are those of the plain vae")
        return names
