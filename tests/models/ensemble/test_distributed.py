"""Two processes that train one network together (DDP on gloo) give the result of one process."""

from __future__ import annotations

import os
from dataclasses import replace
from multiprocessing import forkserver
from typing import Any

import numpy as np
import pytest
import torch
from together import Present

from datamodules.batch import Batch
from models.config import HeadConfig, TrainerConfig
from models.ensemble.ensemble_module import EnsembleModule, MemberInputs, train
from models.ensemble.inputs import InputLayout
from models.ensemble.network import EnsembleNetwork, LinearPath
from models.ensemble.training import EndpointTask, train_members
from models.factors.vae.supervised_vae import SupervisedVAE
from models.heads.cox import CoxHead
from models.heads.head import SurvivalTarget
from models.heads.logistic_hazard import LogisticHazardHead
from omics.cohort.endpoints import Endpoints, Survival
from omics.common.errors import ConfigError, FitError

pytestmark = pytest.mark.service

ONE = TrainerConfig(epochs=30, learning_rate=0.02)
TWO = replace(ONE, strategy="ddp", devices=2)


def drawn(n: int, seed: int = 0) -> tuple[np.ndarray, Survival]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 5)).astype(np.float32)
    # Tied times, and a nonlinear risk, so that the deep path learns something.
    time = np.ceil(rng.exponential(np.exp(-1.5 * np.abs(x[:, 0]))) * 20)
    return x, Survival(time, rng.random(n) < 0.7, np.ones(n, dtype=bool))


def stratifier(config: TrainerConfig, head: Any, target: Any) -> EnsembleModule:
    outputs = head.outputs
    network = EnsembleNetwork(3, 5, 5, 4, [LinearPath(3, 5, outputs, head.null_estimate(target))], seed=3)
    return EnsembleModule(
        network.double(), [head], [torch.full((3, 5), 0.1)], [torch.full((3,), 0.1)], config
    )


@pytest.mark.parametrize("batch_size", [4096, 20])
@pytest.mark.parametrize("kind", [CoxHead, LogisticHazardHead])
def test_two_processes_give_the_result_of_one(kind: Any, batch_size: int) -> None:
    """In float64, so that only the order of sums differs. 41 patients give unequal parts, and a last batch of 1."""
    x, survival = drawn(41)
    head = kind.fit(survival)
    weight = torch.from_numpy((np.random.default_rng(1).random((3, 41)) < 0.8).astype(np.float64))
    target = SurvivalTarget(*map(torch.from_numpy, survival.outcome), weight)
    inputs = MemberInputs(torch.from_numpy(np.stack([x] * 3, axis=1)).double(), (target,))
    estimates, present = [], Present(2)
    for config in (ONE, TWO):
        module = stratifier(replace(config, batch_size=batch_size), head, target)
        before = module.network.first.detach().clone()
        train(module, inputs, 1, [present])
        assert not torch.equal(module.network.first, before)
        estimates.append(module.predict(inputs.x.transpose(0, 1).numpy())[0])
        steps = 30 * -(-41 // batch_size)
        assert present.steps.tolist() == ([steps, 0] if config is ONE else [2 * steps, steps])
    here, (first, second) = os.getpid(), present.process.tolist()
    assert len({here, first, second}) == 3
    # Adam divides by the root of squared gradients, which increases rounding errors of 1e-16 a little.
    np.testing.assert_allclose(estimates[1], estimates[0], atol=1e-9)


def test_members_are_those_of_one_process() -> None:
    """With inner validation, in float32 as in a run: 30 steps of Adam increase rounding errors from 1e-7 to 4e-7."""
    x, survival = drawn(120)
    stacked, fold = np.stack([x] * 4), np.arange(120) % 4
    one, two = (
        train_members(
            stacked,
            InputLayout({"factors": 5}),
            [EndpointTask(survival, CoxHead())],
            fold,
            HeadConfig(),
            config,
            seed=1,
        )[0].predict(stacked)[0]
        for config in (ONE, TWO)
    )
    np.testing.assert_allclose(two, one, atol=1e-5)
    # The deep path is trained: ridge regression alone gives other estimates.
    linear = train_members(
        stacked,
        InputLayout({"factors": 5}),
        [EndpointTask(survival, CoxHead())],
        fold,
        HeadConfig(hidden=0),
        ONE,
        seed=1,
    )[0].predict(stacked)[0]
    assert np.abs(two - linear).max() > 0.02


def test_an_autoencoder_and_its_heads_are_those_of_one_process_and_print_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    x, survival = drawn(61)
    rng = np.random.default_rng(2)
    views = {view: (x @ rng.normal(size=(5, p))).astype(np.float32) for view, p in (("a", 12), ("b", 7))}
    present = {"a": np.arange(61) % 7 > 0, "b": np.arange(61) % 3 > 0}
    observed = {view: np.repeat(present[view][:, None], v.shape[1], axis=1) for view, v in views.items()}
    values = {view: np.where(observed[view], v, np.float32(0)) for view, v in views.items()}
    ids, endpoints = np.array([f"p{i}" for i in range(61)]), Endpoints({"os": survival}, "os")
    batch = Batch(ids, values, observed, np.zeros((61, 0), np.float32), (), endpoints)
    # The server of processes starts again, so that what they print goes where this test looks.
    forkserver._forkserver._stop()
    capfd.readouterr()
    one, two = (
        SupervisedVAE(3, 0, trainer=replace(config, epochs=8, batch_size=40)).fit(batch).transform(batch).mean
        for config in (ONE, TWO)
    )
    assert one.std() > 0.1
    assert capfd.readouterr() == ("", "")
    np.testing.assert_allclose(two, one, atol=1e-5)


def test_an_error_in_a_process_is_reported() -> None:
    x, survival = drawn(20)
    x[3, 1] = np.nan
    target = SurvivalTarget(*map(torch.from_numpy, survival.outcome), torch.ones(3, 20).double())
    inputs = MemberInputs(torch.from_numpy(np.stack([x] * 3, axis=1)).double(), (target,))
    with pytest.raises(FitError, match=r"processes that train together failed: .*is not finite; lower"):
        train(stratifier(TWO, CoxHead(), target), inputs, 1)


def test_several_devices_need_ddp() -> None:
    with pytest.raises(ConfigError, match=r"trainer.devices is 2; more than one need trainer.strategy ddp"):
        TrainerConfig(devices=2)
    with pytest.raises(ConfigError, match="did you mean 'ddp'"):
        TrainerConfig(strategy="dpp")
