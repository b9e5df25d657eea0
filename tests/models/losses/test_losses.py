"""Losses against brute force, lifelines and scikit-learn, and their mathematical properties."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.losses.cox import cox_efron
from models.losses.response import binary_cross_entropy


def brute_force(eta: np.ndarray, event: np.ndarray, time: np.ndarray) -> float:
    """Efron's formula as in the textbook, one tied time after the other."""
    total = 0.0
    for t in np.unique(time[event]):
        tied = event & (time == t)
        risk, dying = np.exp(eta[time >= t]).sum(), np.exp(eta[tied]).sum()
        d = tied.sum()
        total += sum(np.log(risk - k / d * dying) for k in range(d)) - eta[tied].sum()
    return float(total / event.sum())


def draw(n: int, seed: int, ties: int = 8) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    event = rng.random(n) < 0.6
    event[0] = True
    return (
        torch.tensor(rng.normal(size=n)),
        torch.tensor(event),
        torch.tensor(rng.integers(1, ties, n).astype(float)),
    )


@given(st.integers(2, 60), st.integers(0, 10_000), st.sampled_from([2, 5, 1000]))
@settings(deadline=None, max_examples=60)
def test_equals_brute_force_with_ties(n: int, seed: int, ties: int) -> None:
    eta, event, time = draw(n, seed, ties)
    expected = brute_force(eta.numpy(), event.numpy(), time.numpy())
    assert cox_efron(eta, event, time).item() == pytest.approx(expected, abs=1e-6)


def test_equals_lifelines_log_likelihood() -> None:
    import pandas as pd
    from lifelines import CoxPHFitter

    rng = np.random.default_rng(4)
    frame = pd.DataFrame(
        {"x": rng.normal(size=200), "t": rng.integers(1, 30, 200), "e": rng.random(200) < 0.6}
    )
    fitted = CoxPHFitter().fit(frame, "t", "e")
    eta = torch.tensor(frame["x"].to_numpy() * fitted.params_["x"])
    loss = cox_efron(eta, torch.tensor(frame["e"].to_numpy()), torch.tensor(frame["t"].to_numpy(dtype=float)))
    assert loss.item() * frame["e"].sum() == pytest.approx(-fitted.log_likelihood_, abs=1e-6)


def test_order_of_patients_does_not_matter() -> None:
    eta, event, time = draw(50, 1)
    shuffle = torch.randperm(50, generator=torch.Generator().manual_seed(0))
    one, two = cox_efron(eta, event, time), cox_efron(eta[shuffle], event[shuffle], time[shuffle])
    assert one.item() == pytest.approx(two.item(), abs=1e-12)


@pytest.mark.parametrize("size", [1e3, -1e3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_finite_at_extreme_log_hazards(size: float, dtype: torch.dtype) -> None:
    eta, event, time = draw(60, 2)
    eta = (torch.sign(eta) * size).to(dtype).requires_grad_()
    loss = cox_efron(eta, event, time)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(eta.grad).all()


def test_gradient_is_right() -> None:
    eta, event, time = draw(25, 3)
    assert torch.autograd.gradcheck(lambda e: cox_efron(e, event, time), eta.requires_grad_())


def test_no_events_gives_zero_connected_to_the_graph() -> None:
    eta = torch.randn(5, requires_grad=True)
    loss = cox_efron(eta, torch.zeros(5, dtype=torch.bool), torch.arange(1.0, 6.0))
    loss.backward()
    assert loss.item() == 0.0
    assert (eta.grad == 0).all()


def test_scale_does_not_depend_on_the_number_of_patients() -> None:
    eta, event, time = draw(40, 5, ties=10**6)
    once = cox_efron(eta, event, time).item()
    # Twice the patients, far apart in time: the same risk sets plus the log of the shifted risk set.
    assert once == pytest.approx(brute_force(eta.numpy(), event.numpy(), time.numpy()))
    twice = cox_efron(eta.repeat(2), event.repeat(2), time.repeat(2)).item()
    assert abs(twice - once - np.log(2)) < 0.1


def test_members_see_only_their_patients() -> None:
    eta, event, time = draw(50, 6)
    weight = (torch.rand(3, 50, generator=torch.Generator().manual_seed(1)) < 0.7).double()
    together = cox_efron(eta.expand(3, 50), event, time, weight)
    for member in range(3):
        rows = weight[member] > 0
        alone = cox_efron(eta[rows], event[rows], time[rows])
        assert together[member].item() == pytest.approx(alone.item(), abs=1e-12)


def test_a_held_out_patient_has_no_gradient() -> None:
    eta, event, time = draw(30, 7)
    eta = eta.expand(2, 30).clone().requires_grad_()
    weight = torch.ones(2, 30, dtype=torch.float64)
    weight[0, :10] = 0
    cox_efron(eta, event, time, weight).sum().backward()
    assert (eta.grad[0, :10] == 0).all()
    assert torch.isfinite(eta.grad).all()


def draw_labels(n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    return (
        torch.tensor(rng.normal(size=n) * 3),
        torch.tensor(rng.random(n) < 0.3),
        torch.tensor(rng.random(n)),
    )


@given(st.integers(1, 40), st.integers(0, 10_000))
@settings(deadline=None, max_examples=40)
def test_cross_entropy_equals_brute_force_with_weights(n: int, seed: int) -> None:
    logit, positive, weight = draw_labels(n, seed)
    total = 0.0
    for z, y, w in zip(logit.tolist(), positive.tolist(), weight.tolist(), strict=True):
        p = 1 / (1 + np.exp(-z))
        total -= w * np.log(p if y else 1 - p)
    expected = total / weight.sum().item()
    assert binary_cross_entropy(logit, positive, weight).item() == pytest.approx(expected, abs=1e-9)


def test_cross_entropy_equals_scikit_learn() -> None:
    from sklearn.metrics import log_loss

    logit, positive, weight = draw_labels(100, 1)
    probability = torch.sigmoid(logit).numpy()
    expected = log_loss(positive.numpy(), probability, sample_weight=weight.numpy())
    assert binary_cross_entropy(logit, positive, weight).item() == pytest.approx(expected, abs=1e-9)
    assert binary_cross_entropy(logit, positive).item() == pytest.approx(
        log_loss(positive.numpy(), probability)
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_cross_entropy_is_finite_and_right_at_extreme_logits(dtype: torch.dtype) -> None:
    logit = torch.tensor([1e3, -1e3, 1e3, -1e3], dtype=dtype, requires_grad=True)
    loss = binary_cross_entropy(logit, torch.tensor([True, False, False, True]))
    loss.backward()
    assert loss.item() == pytest.approx(500.0)
    np.testing.assert_allclose(logit.grad.numpy(), [0.0, 0.0, 0.25, -0.25])


def test_cross_entropy_gradient_is_right() -> None:
    logit, positive, weight = draw_labels(20, 2)
    assert torch.autograd.gradcheck(
        lambda z: binary_cross_entropy(z, positive, weight), logit.requires_grad_()
    )


def test_cross_entropy_without_patients_is_zero_connected_to_the_graph() -> None:
    logit = torch.randn(2, 5, requires_grad=True)
    weight = torch.stack([torch.zeros(5), torch.ones(5)])
    loss = binary_cross_entropy(logit, torch.ones(5, dtype=torch.bool), weight)
    loss.sum().backward()
    assert loss[0].item() == 0.0
    assert loss[1].item() > 0.0
    assert (logit.grad[0] == 0).all()
    assert (logit.grad[1] != 0).all()
