"""The members: they begin as ridge regressions, stop where a rehearsal says, and learn several endpoints at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from models.config import HeadConfig, TrainerConfig
from models.ensemble.early_stopping import STRIDE, BestEpoch, ValidationProbe
from models.ensemble.inputs import Layout
from models.ensemble.training import EndpointTask, train_members
from models.heads.cox import CoxHead
from models.heads.logistic import LogisticHead
from models.linear.group_ridge import group_ridge, likelihood_of
from omics.cohort.endpoints import Response, Survival

N, FOLDS = 120, 4
LAYOUT = Layout({"covariates": 2, "factors": 4})
TRAINER = TrainerConfig(epochs=39)


def drawn(seed: int = 0, n: int = N, bent: bool = False) -> tuple[np.ndarray, Survival, Response, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 6))
    risk = 1.5 * np.abs(x[:, 0]) if bent else x[:, 0]
    time = rng.exponential(np.exp(-risk)) * 100 + 0.01
    seen = rng.random(n) < 0.8
    response = Response((rng.random(n) < 1 / (1 + np.exp(-x[:, 1]))) & seen, seen)
    survival = Survival(time, rng.random(n) < 0.8, np.ones(n, dtype=bool))
    stacked = np.stack([x] * FOLDS).astype(np.float32)
    return stacked, survival, response, np.arange(n) % FOLDS


def members(x: np.ndarray, tasks: list[EndpointTask], fold: np.ndarray, **head: Any) -> Any:
    return train_members(x, LAYOUT, tasks, fold, HeadConfig(**head), TRAINER, seed=1)[0]


def test_without_the_deep_part_a_member_is_the_ridge_regression_of_its_patients() -> None:
    x, survival, response, fold = drawn()
    tasks = [EndpointTask(survival, CoxHead()), EndpointTask(response, LogisticHead())]
    said = members(x, tasks, fold, hidden=0).predict(x)
    for own, task in zip(said, tasks, strict=True):
        for member in range(FOLDS):
            rows = np.flatnonzero((fold != member) & task.endpoint.observed)
            likelihood = likelihood_of(task.endpoint.take(rows))
            found = group_ridge(x[member, rows].astype(float), LAYOUT.block, likelihood)
            expected = x[member] @ found.coefficients
            estimate = own[member, :, 0]
            shift = np.mean(estimate - expected)
            np.testing.assert_allclose(estimate - shift, expected, atol=1e-4)


def test_those_left_out_change_nothing_of_their_member() -> None:
    x, survival, response, fold = drawn()
    tasks = [EndpointTask(survival, CoxHead()), EndpointTask(response, LogisticHead())]
    left = fold == 2
    changed = x.copy()
    changed[:, left] = changed[:, left] * -3 + 1
    other = Survival(np.where(left, 1.0, survival.time), survival.event | left, survival.observed)
    one = members(x, tasks, fold).network.state_dict()
    two = members(changed, [EndpointTask(other, CoxHead()), tasks[1]], fold).network.state_dict()
    for name, parameter in one.items():
        assert torch.equal(parameter[2], two[name][2]), name
    assert not all(torch.equal(one[name], two[name]) for name in one)


def test_what_is_bent_the_deep_part_finds() -> None:
    """A hazard that rises on both sides of an input is nothing to a linear path."""
    x, survival, _, fold = drawn(n=800, bent=True)
    [said] = members(x, [EndpointTask(survival, CoxHead())], fold, ridge_deep=1.0).predict(x)
    new, truth = drawn(seed=9, n=800, bent=True)[0], np.abs(drawn(seed=9, n=800, bent=True)[0][0, :, 0])
    [deep] = members(x, [EndpointTask(survival, CoxHead())], fold, ridge_deep=1.0).predict(new)
    [wide] = members(x, [EndpointTask(survival, CoxHead())], fold, hidden=0).predict(new)
    assert np.corrcoef(deep.mean(axis=0)[:, 0], truth)[0, 1] > 0.8
    assert abs(np.corrcoef(wide.mean(axis=0)[:, 0], truth)[0, 1]) < 0.2
    assert said.shape == (FOLDS, 800, 1)


def test_a_deep_part_that_only_learns_noise_is_stopped_at_once() -> None:
    """With so few patients and no penalty it does harm from the first epochs on; its members stay near their ridge."""
    x, survival, _, fold = drawn(n=60)
    loose = {"hidden": 64, "ridge_deep": 0.01}
    [deep] = members(x, [EndpointTask(survival, CoxHead())], fold, **loose).predict(x)
    [wide] = members(x, [EndpointTask(survival, CoxHead())], fold, hidden=0).predict(x)
    assert np.corrcoef(deep.mean(axis=0)[:, 0], wide.mean(axis=0)[:, 0])[0, 1] > 0.9


def test_a_patient_without_an_endpoint_teaches_the_others() -> None:
    """The hidden layer is shared: what survival teaches moves the estimates of the response, and only through it."""
    x, survival, response, fold = drawn(n=400, bent=True)
    both = [EndpointTask(response, LogisticHead()), EndpointTask(survival, CoxHead())]
    together = members(x, both, fold, ridge_deep=1.0).predict(x)[0]
    alone = members(x, both[:1], fold, ridge_deep=1.0).predict(x)[0]
    assert not np.allclose(together, alone)
    unseen = Response(response.positive, np.zeros(400, dtype=bool) | (np.arange(400) < 100))
    masked = members(x, [EndpointTask(unseen, LogisticHead()), both[1]], fold, ridge_deep=1.0).predict(x)
    assert all(np.isfinite(own).all() for own in masked)


class Recorded:
    """Stands for a module whose only parameter counts its epochs."""

    def __init__(self) -> None:
        self.network = torch.nn.Module()
        self.network.value = torch.nn.Parameter(torch.zeros(3))


def test_each_member_is_kept_as_it_was_at_its_best_epoch() -> None:
    module, keeper = Recorded(), BestEpoch(np.array([0, 2, 3]))
    keeper.on_train_start(None, module)  # type: ignore[arg-type]
    for epoch in range(3):
        module.network.value.data += 1
        keeper.on_train_epoch_end(type("T", (), {"current_epoch": epoch}), module)  # type: ignore[arg-type]
    keeper.on_train_end(None, module)  # type: ignore[arg-type]
    assert module.network.value.tolist() == [0.0, 2.0, 3.0]


def test_what_is_watched_is_the_loss_that_is_trained() -> None:
    from models.ensemble.network import EnsembleNetwork, LinearPath
    from models.ensemble.stratifier import MemberInputs, Stratifier, train
    from models.heads.head import SurvivalTarget

    x, survival, _, _ = drawn()
    weight = torch.ones(2, N)
    target = SurvivalTarget(*map(torch.from_numpy, survival.outcome), weight)
    inputs = MemberInputs(torch.from_numpy(x[:2]).transpose(0, 1).contiguous(), (target,))
    network = EnsembleNetwork(2, 6, 6, 3, [LinearPath(2, 6, 1)], 1)
    module, watch = (
        Stratifier(network, [CoxHead()], [torch.ones(2, 6)], [torch.ones(2)], TRAINER),
        ValidationProbe(inputs, inputs.targets, 2, TRAINER.epochs),
    )
    train(module, inputs, 1, [watch])
    assert watch.history.shape == (TRAINER.epochs // STRIDE + 1, 2)
    assert torch.isfinite(watch.history).all()
    with torch.no_grad():
        np.testing.assert_allclose(watch.history[-1], module.losses(inputs).numpy(), rtol=1e-6)
    assert (watch.history[-1] < watch.history[0]).all()
    # Who is learned from are the same patients here.
    training_history = watch.training_history
    assert training_history["epoch"].tolist() == [STRIDE * look for look in range(len(watch.history))] * 2
    np.testing.assert_array_equal(training_history["training_loss"], training_history["validation_loss"])
    np.testing.assert_array_equal(
        training_history["validation_loss"][training_history["member"] == 1], [h[1] for h in watch.history]
    )


def test_the_best_epoch_does_not_depend_on_how_rows_are_sorted() -> None:
    """Who is watched is looked at as a whole, however few patients a training step takes."""
    from models.ensemble.network import EnsembleNetwork, LinearPath
    from models.ensemble.stratifier import MemberInputs, Stratifier
    from models.heads.head import SurvivalTarget

    x, survival, _, _ = drawn()
    target = SurvivalTarget(*map(torch.from_numpy, survival.outcome), torch.ones(1, N))
    inputs = MemberInputs(torch.from_numpy(x[:1]).transpose(0, 1).contiguous(), (target,))
    network = EnsembleNetwork(1, 6, 6, 3, [LinearPath(1, 6, 1)], 1)
    network.paths[0].weight.data += 0.3
    looks = []
    for order in (np.arange(N), np.argsort(survival.time)):
        module = Stratifier(
            network, [CoxHead()], [torch.ones(1, 6)], [torch.ones(1)], TrainerConfig(batch_size=20)
        )
        watch = ValidationProbe(inputs.take(order), inputs.take(order).targets, 1, 3)
        watch._look(module)
        looks.append(float(watch.history[0, 0]))
    assert looks[0] == pytest.approx(looks[1], rel=1e-6)


def test_a_view_that_some_members_lack_keeps_its_place() -> None:
    rng = np.random.default_rng(0)
    without = {"covariates": rng.normal(size=(5, 2)), "factors": rng.normal(size=(5, 3))}
    having = without | {"view.rna": rng.normal(size=(5, 4))}
    for members in ([without, having], [having, without]):
        layout = Layout.of(members, arms=False)
        stacked = layout.stacked(members)
        assert stacked.shape == (2, 5, 9)
        place = [member is having for member in members].index(True)
        np.testing.assert_allclose(stacked[place, :, 5:], having["view.rna"], rtol=1e-6)
        assert (stacked[1 - place, :, 5:] == 0).all()


@pytest.mark.parametrize("arms", [False, True])
def test_a_layout_finds_its_inputs_again(arms: bool) -> None:
    rng = np.random.default_rng(0)
    few = {"covariates": rng.normal(size=(5, 2)), "factors": rng.normal(size=(5, 3))}
    many = {"covariates": rng.normal(size=(5, 2)), "factors": rng.normal(size=(5, 4))}
    layout = Layout.of([few, many], arms)
    arm = np.array([-0.5, 0.5, 0.0, 0.5, -0.5])
    stacked = layout.stacked([few, many], arm)
    assert stacked.shape == (2, 5, layout.total) == (2, 5, 6 + 7 * arms)
    np.testing.assert_allclose(stacked[0, :, 2:5], few["factors"], rtol=1e-6)
    assert (stacked[0, :, 5] == 0).all()
    assert len(layout.block) == layout.total
    if arms:
        np.testing.assert_allclose(stacked[1, :, 7:11], arm[:, None] * many["factors"], rtol=1e-6)
