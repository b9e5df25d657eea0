"""Discrete hazards, Weibull mixtures and levels against brute force, one patient after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import expit
from torch import Tensor

from models.losses.discrete import competing_risks, logistic_hazard
from models.losses.response import cumulative_logit, multinomial
from models.losses.weibull import weibull_log_survival, weibull_mixture

CUTS = torch.tensor([1.0, 2.0, 4.0, 7.0], dtype=torch.float64)
CAUSES, COMPONENTS, LEVELS = 2, 3, 4


class LossCase(NamedTuple):
    estimate: Tensor
    cause: Tensor
    time: Tensor
    weight: Tensor
    entry: Tensor


def draw(shape: tuple[int, ...], n: int, seed: int, highest: int) -> LossCase:
    rng = np.random.default_rng(seed)
    # Half of the times are equal to cuts, case are beyond the last cut.
    time = np.where(rng.random(n) < 0.5, rng.choice(CUTS.numpy(), n), rng.uniform(0.1, 9.0, n))
    return LossCase(
        torch.tensor(rng.normal(size=(n, *shape)) * 0.7),
        torch.tensor(rng.integers(0, highest + 1, n)),
        torch.tensor(time),
        torch.tensor(rng.choice([0.0, 0.4, 1.0, 2.0], n)),
        torch.tensor(time * rng.random(n) * (rng.random(n) < 0.5)),
    )


def discrete_survival(z: np.ndarray, t: float) -> float:
    """S(t) for logits (causes, k): the product of the survival of each interval, linear within intervals."""
    begins, alive = 0.0, 1.0
    for j, ends in enumerate(CUTS.numpy()):
        hazard = np.exp(z[:, j]).sum() / (1 + np.exp(z[:, j]).sum())
        if t <= ends:
            return alive * (1 - hazard * (t - begins) / (ends - begins))
        alive, begins = alive * (1 - hazard), ends
    return alive


def discrete_twin(z: np.ndarray, cause: int, t: float, entry: float) -> float:
    at_entry = discrete_survival(z, entry)
    j = int(np.searchsorted(CUTS.numpy(), t))
    if cause == 0 or j == len(CUTS):
        return np.log(discrete_survival(z, t) / at_entry)
    begins = 0.0 if j == 0 else float(CUTS[j - 1])
    hazard = np.exp(z[cause - 1, j]) / (1 + np.exp(z[:, j]).sum())
    return np.log(hazard * discrete_survival(z, begins) / at_entry)


def weibull_twin(estimate: np.ndarray, cause: int, t: float, entry: float) -> float:
    logit, shape, scale = estimate.reshape(3, -1)
    p = np.exp(logit) / np.exp(logit).sum()
    a, b = np.exp(2 * np.tanh(shape / 2)), np.exp(10 * np.tanh(scale / 10))
    survival = lambda at: (p * np.exp(-((at / b) ** a))).sum()  # noqa: E731  # a formula
    density = (p * a / b * (t / b) ** (a - 1) * np.exp(-((t / b) ** a))).sum()
    return np.log((density if cause else survival(t)) / survival(entry))


def ordinal_twin(estimate: np.ndarray, level: int, *_: float) -> float:
    above, last = [1.0], estimate[0]
    for k in range(LEVELS - 1):
        last -= np.log1p(np.exp(estimate[k] - estimate[0])) if k else 0.0
        above.append(expit(last))
    above.append(0.0)
    return np.log(above[level] - above[level + 1])


def multinomial_twin(estimate: np.ndarray, level: int, *_: float) -> float:
    return estimate[level] - np.log(np.exp(estimate).sum())


def hazard_of(c: LossCase) -> Tensor:
    return logistic_hazard(c.estimate[..., 0, :], c.cause > 0, c.time, CUTS, c.weight, c.entry)


CASES: dict[str, tuple[tuple[int, ...], int, Callable[[LossCase], Tensor], Callable[..., float]]] = {
    "logistic_hazard": ((1, 4), 1, hazard_of, discrete_twin),
    "competing_risks": (
        (CAUSES, 4),
        CAUSES,
        lambda c: competing_risks(c.estimate, c.cause, c.time, CUTS, c.weight, c.entry),
        discrete_twin,
    ),
    "weibull_mixture": (
        (3 * COMPONENTS,),
        1,
        lambda c: weibull_mixture(c.estimate, c.cause > 0, c.time, c.weight, c.entry),
        weibull_twin,
    ),
    "ordinal": (
        (LEVELS - 1,),
        LEVELS - 1,
        lambda c: cumulative_logit(c.estimate, c.cause, c.weight),
        ordinal_twin,
    ),
    "multinomial": (
        (LEVELS,),
        LEVELS - 1,
        lambda c: multinomial(c.estimate, c.cause, c.weight),
        multinomial_twin,
    ),
}
every = pytest.mark.parametrize("name", CASES)


def case_of(name: str, n: int, seed: int) -> tuple[LossCase, Callable[[LossCase], Tensor]]:
    shape, highest, loss, _ = CASES[name]
    return draw(shape, n, seed, highest), loss


@every
@given(n=st.integers(1, 40), seed=st.integers(0, 10_000))
@settings(deadline=None, max_examples=40)
def test_equals_brute_force(name: str, n: int, seed: int) -> None:
    case, loss = case_of(name, n, seed)
    total = sum(
        float(w) * CASES[name][3](z.numpy().copy(), int(c), float(t), float(e))
        for z, c, t, w, e in zip(*case, strict=True)
    )
    expected = -total / case.weight.sum().item() if case.weight.any() else 0.0
    assert loss(case).item() == pytest.approx(expected, abs=1e-6)


@every
@given(n=st.integers(2, 40), seed=st.integers(0, 10_000))
@settings(deadline=None, max_examples=20)
def test_order_duplication_and_weight_zero_do_not_matter(name: str, n: int, seed: int) -> None:
    case, loss = case_of(name, n, seed)
    once = loss(case).item()
    shuffle = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    assert loss(LossCase(*(part[shuffle] for part in case))).item() == pytest.approx(once, abs=1e-10)
    assert loss(LossCase(*(torch.cat([part, part]) for part in case))).item() == pytest.approx(
        once, abs=1e-10
    )
    counts = case.weight > 0
    alone = loss(LossCase(*(part[counts] for part in case))).item() if counts.any() else 0.0
    assert once == pytest.approx(alone, abs=1e-10)


@every
def test_gradient_is_right(name: str) -> None:
    case, loss = case_of(name, 12, 1)
    assert torch.autograd.gradcheck(
        lambda z: loss(case._replace(estimate=z)), case.estimate.clone().requires_grad_()
    )


@every
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [1e3, -1e3])
def test_finite_at_extreme_estimates(name: str, size: float, dtype: torch.dtype) -> None:
    case, loss = case_of(name, 60, 2)
    for extreme in (torch.sign(case.estimate) * size, torch.full_like(case.estimate, size)):
        z = extreme.to(dtype).requires_grad_()
        value = loss(case._replace(estimate=z, weight=case.weight.to(dtype)))
        value.backward()
        assert torch.isfinite(value)
        assert torch.isfinite(z.grad).all()


@every
def test_members_see_only_their_patients(name: str) -> None:
    case, loss = case_of(name, 50, 3)
    weight = torch.stack([case.weight, case.weight.flip(0), torch.zeros(50, dtype=torch.float64)])
    z = case.estimate.expand(3, *case.estimate.shape).clone().requires_grad_()
    together = loss(case._replace(estimate=z, weight=weight))
    assert together.shape == (3,)
    for member in range(2):
        assert together[member].item() == pytest.approx(loss(case._replace(weight=weight[member])).item())
    assert together[2].item() == 0.0
    together.sum().backward()
    assert (z.grad[2] == 0).all()
    assert (z.grad[0][case.weight == 0] == 0).all()


def test_one_cause_equals_a_logistic_hazard() -> None:
    case = draw((1, 4), 40, 4, 1)
    one = competing_risks(case.estimate, case.cause, case.time, CUTS, case.weight, case.entry)
    assert one.item() == pytest.approx(hazard_of(case).item(), abs=1e-12)


def test_times_at_cuts_give_the_sum_of_binary_likelihoods() -> None:
    """The form of Gensheimer and Narasimhan: patients at risk in an interval, and events in it."""
    case = draw((1, 4), 60, 5, 1)
    time = CUTS[torch.arange(60) % 4]
    total = 0.0
    for z, died, t in zip(case.estimate[:, 0].numpy(), case.cause.numpy() > 0, time.numpy(), strict=True):
        for j in range(int(np.searchsorted(CUTS.numpy(), t)) + 1):
            yes = died and t == float(CUTS[j])
            total += np.log(expit(z[j]) if yes else expit(-z[j]))
    loss = logistic_hazard(case.estimate[:, 0], case.cause > 0, time, CUTS)
    assert loss.item() == pytest.approx(-total / 60, abs=1e-9)


def test_the_density_of_a_mixture_integrates_to_one_minus_survival() -> None:
    z = torch.tensor(np.random.default_rng(6).normal(size=(1, 9)))

    def density(t: float) -> float:
        at = torch.tensor([t], dtype=torch.float64)
        return float(torch.exp(-weibull_mixture(z, torch.tensor([True]), at)))

    event_probability = (
        1 - torch.exp(weibull_log_survival(z, torch.tensor([1.7], dtype=torch.float64))).item()
    )
    assert quad(density, 0, 1.7, limit=400)[0] == pytest.approx(event_probability, abs=1e-5)


def test_two_levels_equal_a_binary_response() -> None:
    from models.losses.response import binary_cross_entropy

    z, level = torch.randn(30, dtype=torch.float64), torch.arange(30) % 2
    ordered = cumulative_logit(z[:, None], level).item()
    assert ordered == pytest.approx(binary_cross_entropy(z, level > 0).item(), abs=1e-12)
