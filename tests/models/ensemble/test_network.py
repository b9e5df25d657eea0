"""Members trained together equal members trained separately; without the deep path they are ridge regressions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from models.config import TrainerConfig
from models.ensemble.ensemble_module import EnsembleModule, MemberInputs, train
from models.ensemble.network import EnsembleNetwork, LinearPath
from models.heads.cox import CoxHead
from models.heads.head import ResponseTarget, SurvivalTarget
from models.heads.logistic import LogisticHead
from models.linear.cox_net import cox_net
from omics.common.errors import FitError


def draw(members: int, n: int = 80, d: int = 4, seed: int = 0) -> MemberInputs:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, members, d))
    time = np.ceil(rng.exponential(np.exp(-x[:, 0, 0])) * 10)
    weight = (rng.random((n, members)) < 0.8).astype(np.float64)
    event = rng.random(n) < 0.7
    outcome = (event, time, event.astype(np.int64), np.zeros(n), np.zeros(n), weight.T.copy())
    return MemberInputs(torch.from_numpy(x), (SurvivalTarget(*map(torch.from_numpy, outcome)),))


def network(members: int, hidden: int = 5, intercept: torch.Tensor | None = None) -> EnsembleNetwork:
    return EnsembleNetwork(members, 4, 4, hidden, [LinearPath(members, 4, 1, intercept)], seed=3)


def equal_ridges(network: EnsembleNetwork, ridge: float) -> list[torch.Tensor]:
    return [torch.full((network.members, network.inputs), ridge, dtype=torch.float64)]


def fitted(inputs: MemberInputs, network: EnsembleNetwork, epochs: int, ridge: float = 0.1) -> np.ndarray:
    trainer = TrainerConfig(epochs=epochs, learning_rate=0.05)
    module = EnsembleModule(
        network.double(),
        [CoxHead()],
        equal_ridges(network, ridge),
        [torch.full((network.members,), ridge)],
        trainer,
    )
    [estimates] = train(module, inputs, seed=1).predict(inputs.x.transpose(0, 1).contiguous().numpy())
    return estimates[..., 0]


def test_members_trained_together_equal_members_trained_separately() -> None:
    inputs = draw(members=4)
    together = fitted(inputs, network(4), epochs=20)
    for member in range(4):
        alone = network(4)
        for parameter in alone.parameters():
            parameter.data = parameter.data[[member]].clone()
        alone.members = 1
        [target] = inputs.targets
        of_member = MemberInputs(inputs.x[:, [member]], (target._replace(weight=target.weight[[member]]),))
        np.testing.assert_allclose(fitted(of_member, alone, epochs=20)[0], together[member], atol=1e-8)


def test_the_initial_values_of_a_member_do_not_depend_on_the_others() -> None:
    few, many = network(2), network(7)
    assert torch.equal(few.first[1], many.first[1])
    assert not torch.equal(many.first[1], many.first[2])


def test_without_the_deep_path_it_is_ridge_cox() -> None:
    inputs = draw(members=2)
    eta = fitted(inputs, network(2, hidden=0), epochs=300, ridge=0.2)
    for member in range(2):
        rows = (inputs.targets[0].weight[member] > 0).numpy()
        x, event, time = (
            part.numpy() for part in (inputs.x[:, member], inputs.targets[0].event, inputs.targets[0].time)
        )
        events = event[rows].sum() / rows.sum()
        b = cox_net(x[rows], event[rows], time[rows], 0.2 * events, 0.0)
        np.testing.assert_allclose(eta[member], x @ b, atol=2e-3)


def test_patients_of_weight_0_have_no_influence() -> None:
    inputs = draw(members=1)
    before = fitted(inputs, network(1), epochs=10)
    x = inputs.x.clone()
    x[inputs.targets[0].weight[0] == 0] = 77.0
    after = fitted(inputs._replace(x=x), network(1), epochs=10)
    rows = inputs.targets[0].weight[0].numpy() > 0
    np.testing.assert_array_equal(before[0, rows], after[0, rows])


def test_a_loss_that_is_not_finite_is_reported() -> None:
    inputs = draw(members=2)
    inputs.x[3, 1] = np.nan
    with pytest.raises(FitError, match="member 1 is not finite"):
        fitted(
            inputs._replace(targets=(inputs.targets[0]._replace(weight=torch.ones(2, 80)),)),
            network(2),
            epochs=2,
        )


def test_without_the_deep_path_the_logistic_head_is_ridge_logistic_regression() -> None:
    """Each member equals scikit-learn on its patients; there the penalty is relative to the sum, not to the mean."""
    rng = np.random.default_rng(2)
    x, weight = rng.normal(size=(90, 2, 4)), (rng.random((2, 90)) < 0.8).astype(np.float64)
    positive = rng.random(90) < expit(x[:, 0, 0] - 1.0)
    target = ResponseTarget(*map(torch.from_numpy, (positive, positive.astype(np.int64), weight)))
    trainer = TrainerConfig(epochs=300, learning_rate=0.05)
    both = network(2, hidden=0, intercept=torch.zeros(2, 1)).double()
    inputs = MemberInputs(torch.from_numpy(x), (target,))
    stratifier = train(
        EnsembleModule(both, [LogisticHead()], equal_ridges(both, 0.1), [torch.zeros(2)], trainer),
        inputs,
        seed=1,
    )
    logits = stratifier.predict(inputs.x.transpose(0, 1).contiguous().numpy())[0][..., 0]
    for member in range(2):
        rows = weight[member] > 0
        oracle = LogisticRegression(C=1 / (0.1 * rows.sum()), tol=1e-10, max_iter=1000)
        oracle.fit(x[rows, member], positive[rows])
        np.testing.assert_allclose(logits[member], oracle.decision_function(x[:, member]), atol=1e-4)


def test_intercepts_are_optional_and_not_penalised() -> None:
    without, with_intercept = network(2, hidden=0), network(2, hidden=0, intercept=torch.full((2, 1), 5.0))
    assert "paths.0.intercept" not in without.state_dict()
    assert (with_intercept(torch.zeros(2, 3, 4))[0] == 5.0).all()
    ridges, deep = [torch.ones(2, 4)], [torch.ones(2)]
    assert torch.equal(with_intercept.penalty(ridges, deep), without.penalty(ridges, deep))


def test_a_logistic_member_starts_at_its_prevalence() -> None:
    positive = torch.tensor([True, False, False, False, True])
    weight = torch.tensor([[1.0, 1.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0, 1.0]])
    intercept = LogisticHead().null_estimate(ResponseTarget(positive, positive.long(), weight))
    np.testing.assert_allclose(intercept[:, 0], np.log([1.5 / 3.5, 1.5 / 0.5]), atol=1e-6)
