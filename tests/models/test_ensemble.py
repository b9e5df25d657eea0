"""Members trained together are the members trained alone; with the deep part off they are ridge Cox."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.config import HeadConfig, TrainerConfig
from models.cox_net import cox_net
from models.ensemble import EnsembleNetwork
from models.heads import HEADS
from models.heads.cox import CoxHead
from models.stratifier import MemberInputs, Stratifier, train
from omics.errors import FitError
from omics.tables import look_up


def draw(members: int, n: int = 80, d: int = 4, seed: int = 0) -> MemberInputs:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, members, d))
    time = np.ceil(rng.exponential(np.exp(-x[:, 0, 0])) * 10)
    weight = (rng.random((n, members)) < 0.8).astype(np.float64)
    event = rng.random(n) < 0.7
    return MemberInputs(*(torch.from_numpy(part) for part in (x, weight, event, time)))


def fitted(
    inputs: MemberInputs, network: EnsembleNetwork, epochs: int, hidden: int = 5, ridge: float = 0.1
) -> np.ndarray:
    config = HeadConfig(hidden=hidden, ridge_wide=ridge, ridge_deep=ridge)
    trainer = TrainerConfig(epochs=epochs, learning_rate=0.05)
    stratifier = train(Stratifier(network.double(), CoxHead(), config, trainer), inputs, seed=1)
    return stratifier.predict(inputs.x.transpose(0, 1).contiguous().numpy())


def test_together_equals_alone() -> None:
    inputs = draw(members=4)
    together = fitted(inputs, EnsembleNetwork(4, 4, 5, 1, seed=3), epochs=20)
    for member in range(4):
        alone = EnsembleNetwork(4, 4, 5, 1, seed=3)
        for name, parameter in list(alone.named_parameters()):
            setattr(alone, name, torch.nn.Parameter(parameter.data[[member]].clone()))
        own = MemberInputs(inputs.x[:, [member]], inputs.weight[:, [member]], inputs.event, inputs.time)
        np.testing.assert_allclose(fitted(own, alone, epochs=20)[0], together[member], atol=1e-8)


def test_a_member_starts_alike_however_many_others_there_are() -> None:
    few, many = EnsembleNetwork(2, 4, 5, 1, seed=3), EnsembleNetwork(7, 4, 5, 1, seed=3)
    assert torch.equal(few.first[1], many.first[1])
    assert not torch.equal(many.first[1], many.first[2])


def test_without_the_deep_part_it_is_ridge_cox() -> None:
    inputs = draw(members=2)
    eta = fitted(inputs, EnsembleNetwork(2, 4, 0, 1, seed=3), epochs=1500, hidden=0, ridge=0.2)
    for member in range(2):
        rows = (inputs.weight[:, member] > 0).numpy()
        x, event, time = (part.numpy() for part in (inputs.x[:, member], inputs.event, inputs.time))
        share = event[rows].sum() / rows.sum()
        b = cox_net(x[rows], event[rows], time[rows], 0.2 * share, 0.0)
        np.testing.assert_allclose(eta[member], x @ b, atol=2e-3)


def test_left_out_patients_teach_nothing() -> None:
    inputs = draw(members=1)
    before = fitted(inputs, EnsembleNetwork(1, 4, 5, 1, seed=3), epochs=10)
    x = inputs.x.clone()
    x[inputs.weight[:, 0] == 0] = 77.0
    after = fitted(inputs._replace(x=x), EnsembleNetwork(1, 4, 5, 1, seed=3), epochs=10)
    rows = inputs.weight[:, 0].numpy() > 0
    np.testing.assert_array_equal(before[0, rows], after[0, rows])


def test_a_loss_that_is_not_finite_stops_and_says_so() -> None:
    inputs = draw(members=2)
    inputs.x[3, 1] = np.nan
    with pytest.raises(FitError, match="member 1 is not finite"):
        fitted(
            inputs._replace(weight=torch.ones_like(inputs.weight)),
            EnsembleNetwork(2, 4, 5, 1, seed=3),
            epochs=2,
        )


@pytest.mark.parametrize("name", sorted(HEADS))
def test_every_head_keeps_its_promise(name: str) -> None:
    head = look_up(HEADS, name, "head.model")()
    inputs = draw(members=3)
    estimate = torch.randn(3, 80, head.outputs, dtype=torch.float64, requires_grad=True)
    from models.heads.head import SurvivalTarget

    loss = head.loss(estimate, SurvivalTarget(inputs.event, inputs.time, inputs.weight.T))
    assert loss.shape == (3,)
    loss.sum().backward()
    assert torch.isfinite(estimate.grad).all()
    nobody = SurvivalTarget(torch.zeros_like(inputs.event), inputs.time, inputs.weight.T)
    assert (head.loss(estimate, nobody) == 0).all()
    assert head.predict(estimate).shape == (3, 80)
