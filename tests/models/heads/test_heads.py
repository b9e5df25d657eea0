"""Every registered head follows the protocol; properties of single heads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.config import TrainerConfig
from models.ensemble.ensemble_module import EnsembleModule, MemberInputs, train
from models.ensemble.network import EnsembleNetwork, LinearPath
from models.heads import HEADS
from models.heads.competing_risks import CompetingRisksHead
from models.heads.logistic_hazard import LogisticHazardHead
from models.heads.time_grid import event_quantiles, hazard_cuts
from models.heads.weibull_mixture import WeibullMixtureHead
from models.losses.cox import cox_efron
from omics.cohort.endpoints import Response, Survival
from omics.common.errors import DataError, FitError
from omics.common.files import from_state, read_state, to_state, write_state
from omics.common.registry import resolve

N = 120
NAMES = [(kind, name) for kind in HEADS for name in HEADS[kind]]
every = pytest.mark.parametrize(("kind", "name"), NAMES)
survival_heads = pytest.mark.parametrize("name", HEADS["survival"])


def endpoint_of(kind: str, n: int = N, seed: int = 0, causes: int = 2) -> tuple[np.ndarray, Any]:
    """Return a covariate x and an endpoint: two causes of which only the first depends on x, or four levels."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    observed = np.ones(n, dtype=bool)
    if kind == "response":
        level = np.digitize(x + rng.logistic(size=n) * 0.7, [-1.0, 0.3, 1.2])
        return x, Response(level > 1, observed, level.astype(np.int64), ("PD", "SD", "PR", "CR"))
    first, second, censored = rng.exponential(np.exp(-x)), rng.exponential(2.0, n), rng.exponential(3.0, n)
    ends = np.stack([censored, first, second][: causes + 1])
    cause, time = ends.argmin(axis=0), ends.min(axis=0) * 100
    return x, Survival(time, cause > 0, observed, "days", cause=cause.astype(np.int64))


def target_of(head: Any, endpoint: Any, weight: torch.Tensor) -> Any:
    return head.target(*map(torch.from_numpy, endpoint.outcome), weight)


def trained(
    kind: str,
    name: str,
    x: np.ndarray,
    endpoint: Any,
    members: int = 2,
    epochs: int = 100,
    ridge: float = 0.02,
) -> Any:
    """Train members on one input of all patients; return the head and estimates (members, n, p)."""
    head = resolve(HEADS[kind], name, "head").fit(endpoint)
    target = target_of(head, endpoint, torch.ones(members, len(x)))
    path = LinearPath(members, 1, head.outputs, head.null_estimate(target))
    network = EnsembleNetwork(members, 1, 1, 0, [path], 1)
    values = torch.from_numpy(x.astype(np.float32))[:, None, None].repeat(1, members, 1)
    trainer = TrainerConfig(epochs=epochs, learning_rate=0.05)
    module = EnsembleModule(
        network, [head], [torch.full((members, 1), ridge)], [torch.zeros(members)], trainer
    )
    stratifier = train(module, MemberInputs(values, (target,)), seed=1)
    return head, stratifier.predict(values.transpose(0, 1).contiguous().numpy())[0]


@every
def test_every_head_follows_the_protocol(kind: str, name: str) -> None:
    _, endpoint = endpoint_of(kind)
    head = resolve(HEADS[kind], name, "head").fit(endpoint)
    weight = (torch.rand(3, N) < 0.8).double()
    target = target_of(head, endpoint, weight)
    null = head.null_estimate(target)
    wide = head.outputs if null is None else null.shape[1]
    assert null is None or (null.shape[0] == 3 and torch.isfinite(null).all())
    estimate = torch.randn(3, N, wide, dtype=torch.float64, requires_grad=True)
    loss = head.loss(estimate, target)
    assert loss.shape == (3,)
    loss.sum().backward()
    assert torch.isfinite(estimate.grad).all()
    assert (estimate.grad[weight == 0] == 0).all()
    nothing = head.loss(estimate, target_of(head, endpoint, torch.zeros_like(weight)))
    assert (nothing == 0).all()
    assert nothing.requires_grad
    prediction = head.predict(estimate)
    assert prediction.shape[:2] == (3, N)
    assert torch.isfinite(prediction).all()


@pytest.mark.parametrize(("kind", "name"), [n for n in NAMES if n[1] not in ("cox", "weibull_mixture")])
def test_null_estimate_minimises_the_loss_without_covariates(kind: str, name: str) -> None:
    """No common change of the estimates decreases the loss by more than the added half counts."""
    _, endpoint = endpoint_of(kind, 2000)
    head = resolve(HEADS[kind], name, "head").fit(endpoint)
    target = target_of(head, endpoint, torch.ones(1, 2000, dtype=torch.float64))
    null = head.null_estimate(target)
    one = null.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([one], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = head.loss(one[:, None, :].expand(1, 2000, -1), target).sum()
        loss.backward()
        return loss

    before = closure().item()
    optimizer.step(closure)
    assert closure().item() > before - 2e-3


@every
def test_the_loss_of_a_member_depends_on_its_patients_only(kind: str, name: str) -> None:
    _, endpoint = endpoint_of(kind)
    head = resolve(HEADS[kind], name, "head").fit(endpoint)
    weight = (torch.rand(3, N, generator=torch.Generator().manual_seed(1)) < 0.7).double()
    wide = (
        head.outputs
        if head.null_estimate(target_of(head, endpoint, weight)) is None
        else (head.null_estimate(target_of(head, endpoint, weight)).shape[1])
    )
    estimate = torch.randn(3, N, wide, dtype=torch.float64)
    joint = head.loss(estimate, target_of(head, endpoint, weight))
    for member in range(3):
        rows = (weight[member] > 0).nonzero()[:, 0].numpy()
        alone = target_of(head, endpoint.take(rows), torch.ones(1, len(rows), dtype=torch.float64))
        assert joint[member].item() == pytest.approx(
            head.loss(estimate[[member]][:, rows], alone).item(), abs=1e-10
        )


@every
def test_recovers_the_covariate_that_determines_the_outcome(kind: str, name: str) -> None:
    x, endpoint = endpoint_of(kind, 400)
    head, estimates = trained(kind, name, x, endpoint, epochs=40)
    calibration = head.calibrate(estimates[0] - estimates[0].mean(axis=0), endpoint)
    assert calibration.slope > 0
    ids = np.arange(400).astype(str)
    prediction = calibration.prediction(ids, estimates - estimates.mean(axis=1, keepdims=True), "e").patients
    column = "risk" if kind == "survival" else "response_probability"
    assert np.corrcoef(prediction[column], x)[0, 1] > 0.9
    assert np.isfinite(prediction[column]).all()
    assert (prediction["risk_sd" if kind == "survival" else "response_sd"] >= 0).all()


@every
def test_save_and_load_with_calibration(kind: str, name: str, tmp_path: Path) -> None:
    x, endpoint = endpoint_of(kind, 200)
    head, estimates = trained(kind, name, x, endpoint, epochs=10)
    settings, arrays = to_state(head, "head")
    write_state(tmp_path, "head", settings, arrays)
    again = from_state(type(head), *read_state(tmp_path, "head"), "head")
    assert again.outputs == head.outputs
    random = torch.randn(2, 5, again.outputs)
    assert torch.equal(again.predict(random), head.predict(random))
    centred = estimates - estimates.mean(axis=1, keepdims=True)
    calibration = head.calibrate(centred[0], endpoint)
    calibration.save(tmp_path, "calibration")
    loaded = head.calibration.load(tmp_path, "calibration")
    one, two = (c.prediction(x.astype(str), centred, "e") for c in (calibration, loaded))
    for table in one.long:
        np.testing.assert_array_equal(one.long[table].to_numpy(), two.long[table].to_numpy())


@every
def test_a_loss_that_is_not_finite_raises_an_error_with_the_member(kind: str, name: str) -> None:
    x, endpoint = endpoint_of(kind)
    x[3] = np.nan
    with pytest.raises(FitError, match="member 0 is not finite"):
        trained(kind, name, x, endpoint, epochs=2)


@pytest.mark.parametrize("kind", sorted(HEADS))
def test_patients_are_selected_with_their_targets(kind: str) -> None:
    _, endpoint = endpoint_of(kind)
    head = resolve(HEADS[kind], next(iter(HEADS[kind])), "head").fit(endpoint)
    inputs = MemberInputs(torch.randn(N, 3, 4), (target_of(head, endpoint, torch.rand(3, N)),))
    rows = np.array([7, 3, 60])
    some = inputs.take(rows)
    assert type(some.targets[0]) is type(inputs.targets[0])
    assert torch.equal(some.x, inputs.x[rows])
    for part, whole in zip(some.targets[0], inputs.targets[0], strict=True):
        assert torch.equal(part, whole[..., rows])


@survival_heads
def test_delayed_entry_does_not_bias(name: str) -> None:
    """The hazard is exp(x). Patients of high risk are observed only if alive at entry, so early deaths are missing."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=3000)
    time = rng.exponential(np.exp(-x))
    entry = np.where(x > 0, rng.uniform(0.0, 2.0, 3000), 0.0)
    alive = time > entry
    x, time, entry = x[alive], time[alive], entry[alive]
    event = np.ones(len(x), dtype=bool)
    late = Survival(time, event, event, cause=event.astype(np.int64), entry=entry)
    blind = Survival(time, event, event, cause=event.astype(np.int64))
    slopes = {}
    for what, survival in (("late", late), ("blind", blind)):
        head, estimates = trained("survival", name, x, survival, members=1, epochs=80, ridge=0.001)
        slopes[what] = np.polyfit(x, estimates[0].mean(axis=1), 1)[0]
        if what == "late":
            calibration = head.calibrate(estimates[0] - estimates[0].mean(axis=0), survival)
    assert slopes["late"] == pytest.approx(1.0, abs=0.1)
    assert abs(slopes["blind"] - 1.0) > 0.15
    # A mixture distorts the early hazards of patients with delayed entry; the slope corrects it.
    assert calibration.slope == pytest.approx(1.0, abs=0.25 if name == "weibull_mixture" else 0.1)


def test_null_estimate_of_a_weibull_mixture_equals_lifelines() -> None:
    from lifelines import WeibullFitter

    rng = np.random.default_rng(2)
    time, censored = 40 * rng.weibull(0.6, 500), rng.exponential(60.0, 500)
    event, time = time < censored, np.minimum(time, censored)
    head = WeibullMixtureHead.fit(Survival(time, event, np.ones(500, dtype=bool)))
    fitted = WeibullFitter().fit(time, event)
    assert head.shape == pytest.approx(fitted.rho_, rel=1e-3)
    assert head.unit == pytest.approx(fitted.lambda_, rel=1e-3)
    null = head.null_estimate(target_of(head, Survival(time, event, event), torch.ones(2, 500)))
    shapes = torch.exp(2 * torch.tanh(0.3 * null[:, 3:6] / 2))
    np.testing.assert_allclose(shapes, head.shape, rtol=1e-5)


def test_cuts_are_at_equal_steps_of_the_kaplan_meier_curve() -> None:
    _, survival = endpoint_of("survival", 500)
    cuts = hazard_cuts(survival)
    assert len(cuts) == 30
    assert cuts[-1] == survival.time[survival.event].max()
    assert np.isin(cuts, survival.time[survival.event]).all()
    from models.survival.kaplan_meier import kaplan_meier

    curve = kaplan_meier(survival.event, survival.time)(cuts)
    steps = -np.diff(np.concatenate([[1.0], curve]))
    assert steps.max() < 2.5 * steps.mean()


def test_few_events_give_few_cuts_and_no_event_raises_an_error() -> None:
    time, observed = np.arange(1.0, 11.0), np.ones(10, dtype=bool)
    one = Survival(time, time == 4.0, observed)
    np.testing.assert_array_equal(hazard_cuts(one), [4.0])
    with pytest.raises(DataError, match="no patient has the event"):
        event_quantiles(Survival(time, ~observed, observed), 10)


@survival_heads
def test_one_event_and_equal_times_give_valid_curves(name: str) -> None:
    x = np.linspace(-1, 1, 30)
    observed = np.ones(30, dtype=bool)
    for time, event in (
        (np.arange(1.0, 31.0), np.arange(30) == 4),
        (np.full(30, 5.0), np.arange(30) % 2 == 0),
    ):
        survival = Survival(time, event, observed, cause=event.astype(np.int64))
        head, estimates = trained("survival", name, x, survival, epochs=20)
        centred = estimates - estimates.mean(axis=1, keepdims=True)
        calibration = head.calibrate(centred[0], survival)
        curves = calibration.prediction(x.astype(str), centred, "e").survival["survival"]
        assert curves.between(0, 1).all()


def test_competing_risks_needs_causes_with_events() -> None:
    _, survival = endpoint_of("survival")
    plain = Survival(survival.time, survival.event, survival.observed)
    with pytest.raises(DataError, match="declare the endpoint's key `cause`"):
        CompetingRisksHead.fit(plain)
    gap = Survival(survival.time, survival.event, survival.observed, cause=survival.event * np.int64(2))
    with pytest.raises(DataError, match="no patient of a training set has cause 1"):
        CompetingRisksHead.fit(gap)


def test_with_one_cause_competing_risks_is_the_logistic_hazard() -> None:
    _, survival = endpoint_of("survival", causes=1)
    one, other = CompetingRisksHead.fit(survival), LogisticHazardHead.fit(survival)
    estimate = torch.randn(2, N, one.outputs)
    weight = torch.ones(2, N)
    torch.testing.assert_close(
        one.loss(estimate, target_of(one, survival, weight)),
        other.loss(estimate, target_of(other, survival, weight)),
    )
    torch.testing.assert_close(one.predict(estimate), other.predict(estimate))


def test_the_shared_effect_of_the_logistic_hazard_is_near_that_of_cox() -> None:
    x, survival = endpoint_of("survival", 3000, causes=1)
    _, estimates = trained("survival", "logistic_hazard", x, survival, members=1, epochs=100)
    slope = torch.tensor(np.polyfit(x, estimates[0].mean(axis=1), 1)[0], requires_grad=True)
    best, x_t = slope.detach().clone().requires_grad_(), torch.from_numpy(x)
    optimizer = torch.optim.LBFGS([best], line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = cox_efron(best * x_t, torch.from_numpy(survival.event), torch.from_numpy(survival.time))
        loss.backward()
        return loss

    optimizer.step(closure)
    assert slope.item() == pytest.approx(best.item(), rel=0.15)
