"""Early stopping: members are restored to their best epoch, and the recorded losses are those of the training."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.config import TrainerConfig
from models.ensemble.early_stopping import STRIDE, BestEpoch, ValidationProbe
from models.ensemble.ensemble_module import EnsembleModule, MemberInputs, train
from models.ensemble.network import EnsembleNetwork, LinearPath
from models.heads.cox import CoxHead
from models.heads.head import SurvivalTarget
from omics.cohort.endpoints import Survival

N = 120
TRAINER = TrainerConfig(epochs=39)


def drawn() -> tuple[np.ndarray, Survival]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, 6))
    time = rng.exponential(np.exp(-x[:, 0])) * 100 + 0.01
    return x.astype(np.float32), Survival(time, rng.random(N) < 0.8, np.ones(N, dtype=bool))


class EpochCounter:
    """A module with one parameter that counts the epochs."""

    def __init__(self) -> None:
        self.network = torch.nn.Module()
        self.network.value = torch.nn.Parameter(torch.zeros(3))


def test_each_member_is_restored_to_its_best_epoch() -> None:
    module, callback = EpochCounter(), BestEpoch(np.array([0, 2, 3]))
    callback.on_train_start(None, module)  # type: ignore[arg-type]  # no trainer is needed
    for epoch in range(3):
        module.network.value.data += 1
        callback.on_train_epoch_end(type("T", (), {"current_epoch": epoch}), module)  # type: ignore[arg-type]  # no trainer is needed
    callback.on_train_end(None, module)  # type: ignore[arg-type]  # no trainer is needed
    assert module.network.value.tolist() == [0.0, 2.0, 3.0]


def test_the_probe_records_the_loss_of_the_training() -> None:
    x, survival = drawn()
    weight = torch.ones(2, N)
    target = SurvivalTarget(*map(torch.from_numpy, survival.outcome), weight)
    inputs = MemberInputs(torch.from_numpy(np.stack([x] * 2, axis=1)), (target,))
    network = EnsembleNetwork(2, 6, 6, 3, [LinearPath(2, 6, 1)], 1)
    module, probe = (
        EnsembleModule(network, [CoxHead()], [torch.ones(2, 6)], [torch.ones(2)], TRAINER),
        ValidationProbe(inputs, inputs.targets, 2, TRAINER.epochs),
    )
    train(module, inputs, 1, [probe])
    assert probe.validation_loss.shape == (TRAINER.epochs // STRIDE + 1, 2)
    assert torch.isfinite(probe.validation_loss).all()
    with torch.no_grad():
        np.testing.assert_allclose(probe.validation_loss[-1], module.losses(inputs).numpy(), rtol=1e-6)
    assert (probe.validation_loss[-1] < probe.validation_loss[0]).all()
    # Training and validation patients are the same here.
    training_history = probe.training_history
    assert (
        training_history["epoch"].tolist()
        == [STRIDE * number for number in range(len(probe.validation_loss))] * 2
    )
    np.testing.assert_array_equal(training_history["training_loss"], training_history["validation_loss"])
    np.testing.assert_array_equal(
        training_history["validation_loss"][training_history["member"] == 1],
        [losses[1] for losses in probe.validation_loss],
    )


def test_the_validation_loss_does_not_depend_on_the_order_of_patients() -> None:
    """Validation patients are evaluated together, whatever the batch size of the training."""
    x, survival = drawn()
    target = SurvivalTarget(*map(torch.from_numpy, survival.outcome), torch.ones(1, N))
    inputs = MemberInputs(torch.from_numpy(x[:, None]), (target,))
    network = EnsembleNetwork(1, 6, 6, 3, [LinearPath(1, 6, 1)], 1)
    network.paths[0].weight.data += 0.3
    losses = []
    for order in (np.arange(N), np.argsort(survival.time)):
        module = EnsembleModule(
            network, [CoxHead()], [torch.ones(1, 6)], [torch.ones(1)], TrainerConfig(batch_size=20)
        )
        probe = ValidationProbe(inputs.take(order), inputs.take(order).targets, 1, 3)
        probe._evaluate(module)
        losses.append(float(probe.validation_loss[0, 0]))
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
