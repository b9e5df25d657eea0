"""Training of the autoencoder: random subsets of views, heads, and a loss that diverges."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from simulated_views import three_views
from torch import nn

from models.config import TrainerConfig
from models.factors.vae.model import VAE
from models.factors.vae.train import AutoencoderTraining, PatientInputs, drop_views, train
from omics.common.errors import FitError

SHORT = TrainerConfig(epochs=10)


def test_views_are_dropped_but_never_all_views_of_a_patient() -> None:
    seen = [torch.ones(4000, 2), torch.ones(4000, 3)]
    seen[0][:1000] = 0
    inputs = PatientInputs([torch.zeros_like(mask) for mask in seen], seen, torch.arange(4000))
    kept = drop_views(inputs, np.random.default_rng(0)).seen
    has = torch.stack([mask.all(dim=1) for mask in kept], dim=1)
    assert has.any(dim=1).all()
    assert (has[:1000, 1] & ~has[:1000, 0]).all()
    # Half of the patients keep both views, and so do half of the others: a quarter would lose both, and keeps them.
    assert has[1000:].all(dim=1).double().mean() == pytest.approx(0.75, abs=0.03)


class Regression(nn.Module):
    """A head of a supervised model."""

    def __init__(self, target: np.ndarray) -> None:
        super().__init__()
        self.target = torch.tensor(target, dtype=torch.float32)
        self.layer = nn.Linear(1, 1)

    def forward(self, mean: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        return 500 * (self.layer(mean)[:, 0] - self.target[rows]).square().mean()


def test_heads_move_the_factors_to_their_target() -> None:
    batch, z = three_views(n=150)
    # The weakest factor: without a head, a single factor is the strongest one.
    heads = Regression(z[:, 2])
    model = VAE(1, 0).fit(batch)
    unsupervised = model.transform(batch).mean[:, 0]
    network = model.fitted.network.float().train()
    inputs = model.fitted.inputs(batch)
    train(AutoencoderTraining(network, len(batch), TrainerConfig(learning_rate=0.05), 0, heads), inputs)
    supervised = model.transform(batch).mean[:, 0]
    assert abs(np.corrcoef(unsupervised, z[:, 2])[0, 1]) < 0.3
    assert abs(np.corrcoef(supervised, z[:, 2])[0, 1]) > 0.8
    assert abs(heads.layer.weight.item()) > 0.3


def test_a_loss_that_diverges_is_reported() -> None:
    batch, _ = three_views(n=20)
    fitted = VAE(2, trainer=SHORT).fit(batch).fitted
    training = AutoencoderTraining(
        fitted.network.float().train(), len(batch), SHORT, 0, lambda mean, _rows: mean.sum() * np.inf
    )
    with pytest.raises(FitError, match=r"loss is not finite in epoch 0; lower trainer.learning_rate"):
        train(training, fitted.inputs(batch))
