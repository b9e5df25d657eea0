"""The Cox loss with weights, strata and delayed entry, against brute force and R's and lifelines' conventions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.losses.cox import cox_efron


class CoxPatients(NamedTuple):
    eta: torch.Tensor
    event: torch.Tensor
    time: torch.Tensor
    weight: torch.Tensor
    entry: torch.Tensor
    stratum: torch.Tensor

    def take(self, rows: torch.Tensor) -> CoxPatients:
        return CoxPatients(*(part[rows] for part in self))


def brute_force(patients: CoxPatients) -> float:
    """Efron's formula with case weights as in R's survival, one stratum and one tied time after the other."""
    eta, event, time, weight, entry, stratum = (part.numpy() for part in patients)
    total, events = 0.0, 0.0
    for s in np.unique(stratum):
        for t in np.unique(time[event & (stratum == s) & (weight > 0)]):
            here = (stratum == s) & (weight > 0)
            tied = here & event & (time == t)
            at_risk = here & (entry < t) & (time >= t)
            d, mean = tied.sum(), weight[tied].mean()
            risk = (weight * np.exp(eta))[at_risk].sum()
            dying = (weight * np.exp(eta))[tied].sum()
            total += mean * sum(np.log(risk - k / d * dying) for k in range(d)) - (weight * eta)[tied].sum()
            events += weight[tied].sum()
    return total / events if events else 0.0


def draw(n: int, seed: int, ties: int = 8, strata: int = 3) -> CoxPatients:
    rng = np.random.default_rng(seed)
    time = rng.integers(1, ties, n).astype(float)
    return CoxPatients(
        torch.tensor(rng.normal(size=n) * 2),
        torch.tensor(rng.random(n) < 0.6),
        torch.tensor(time),
        torch.tensor(rng.choice([0.0, 0.5, 1.0, 2.5], n)),
        # Integers, so that some patients enter exactly at the event time of another.
        torch.tensor(np.floor(time * rng.random(n) * 0.999) * (rng.random(n) < 0.6)),
        torch.tensor(rng.integers(0, strata, n)),
    )


@given(st.integers(1, 70), st.integers(0, 10_000), st.sampled_from([2, 6, 1000]), st.integers(1, 4))
@settings(deadline=None, max_examples=80)
def test_equals_brute_force(n: int, seed: int, ties: int, strata: int) -> None:
    patients = draw(n, seed, ties, strata)
    assert cox_efron(*patients).item() == pytest.approx(brute_force(patients), abs=1e-9)


@pytest.mark.parametrize("absent", [("weight",), ("entry",), ("stratum",), ("weight", "entry", "stratum")])
def test_defaults_equal_constant_arguments(absent: tuple[str, ...]) -> None:
    patients = draw(60, 3)
    nothing = {"weight": torch.ones(60), "entry": torch.zeros(60), "stratum": torch.zeros(60)}
    expected = brute_force(patients._replace(**{name: nothing[name] for name in absent}))
    given_none = patients._replace(**dict.fromkeys(absent))
    assert cox_efron(*given_none).item() == pytest.approx(expected, abs=1e-9)


def test_equals_lifelines_with_strata_and_entry() -> None:
    import pandas as pd
    from lifelines import CoxPHFitter

    rng = np.random.default_rng(4)
    n = 150
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "t": 1 + rng.exponential(10, n),
            "e": rng.random(n) < 0.6,
            "s": rng.integers(0, 3, n),
        }
    )
    frame["begin"] = frame["t"] * rng.random(n) * 0.8
    fitted = CoxPHFitter().fit(frame, "t", "e", entry_col="begin", strata="s")
    columns = {name: torch.tensor(frame[name].to_numpy()) for name in frame}
    loss = cox_efron(
        columns["x"] * fitted.params_["x"],
        columns["e"],
        columns["t"],
        entry=columns["begin"],
        stratum=columns["s"],
    )
    assert loss.item() * frame["e"].sum() == pytest.approx(-fitted.log_likelihood_, abs=1e-6)


@given(st.integers(2, 50), st.integers(0, 10_000))
@settings(deadline=None, max_examples=30)
def test_order_of_rows_does_not_matter(n: int, seed: int) -> None:
    patients = draw(n, seed)
    shuffle = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    assert cox_efron(*patients).item() == pytest.approx(cox_efron(*patients.take(shuffle)).item(), abs=1e-10)


@given(st.integers(2, 50), st.integers(0, 10_000))
@settings(deadline=None, max_examples=30)
def test_patients_of_weight_zero_do_not_matter(n: int, seed: int) -> None:
    patients = draw(n, seed)
    counts = patients.weight > 0
    alone = cox_efron(*patients.take(counts)).item() if counts.any() else 0.0
    extreme = patients.eta.clone()
    extreme[~counts] = 500.0
    assert cox_efron(*patients._replace(eta=extreme)).item() == pytest.approx(alone, abs=1e-10)


def test_a_duplicated_stratum_gives_the_same_loss() -> None:
    patients = draw(40, 5, ties=1000, strata=2)
    twice = CoxPatients(*(torch.cat([part, part]) for part in patients))
    separate = twice._replace(stratum=torch.cat([patients.stratum, patients.stratum + 2]))
    assert cox_efron(*separate).item() == pytest.approx(cox_efron(*patients).item(), abs=1e-12)


def test_a_common_factor_of_the_weights_changes_no_gradient() -> None:
    patients = draw(40, 6)
    slopes = []
    for factor in (1.0, 7.0):
        eta = patients.eta.clone().requires_grad_()
        cox_efron(*patients._replace(eta=eta, weight=patients.weight * factor)).backward()
        slopes.append(eta.grad)
    torch.testing.assert_close(slopes[0], slopes[1])


def test_gradient_is_right() -> None:
    patients = draw(25, 3)
    assert torch.autograd.gradcheck(lambda e: cox_efron(e, *patients[1:]), patients.eta.requires_grad_())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [1e3, -1e3])
def test_finite_at_extreme_log_hazards(size: float, dtype: torch.dtype) -> None:
    patients = draw(60, 2)
    eta = (torch.sign(patients.eta) * size).to(dtype).requires_grad_()
    loss = cox_efron(
        eta, patients.event, patients.time, patients.weight.to(dtype), patients.entry, patients.stratum
    )
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(eta.grad).all()


def test_a_small_risk_set_is_not_lost_under_later_entries() -> None:
    """A difference of sums would give log(0): later entries with hazard e^600 hide the two patients at risk."""
    eta = torch.tensor([0.0, 0.0, 600.0], dtype=torch.float64)
    event, time = torch.tensor([True, False, False]), torch.tensor([1.0, 2.0, 3.0])
    loss = cox_efron(eta, event, time, entry=torch.tensor([0.0, 0.0, 1.5]))
    assert loss.item() == pytest.approx(np.log(2), abs=1e-12)


def test_each_member_has_its_weights() -> None:
    patients = draw(50, 8)
    weight = torch.stack([patients.weight, patients.weight.flip(0), torch.zeros(50, dtype=torch.float64)])
    eta = patients.eta.expand(3, 50).clone().requires_grad_()
    joint = cox_efron(eta, patients.event, patients.time, weight, patients.entry, patients.stratum)
    for member in range(3):
        expected = brute_force(patients._replace(weight=weight[member]))
        assert joint[member].item() == pytest.approx(expected, abs=1e-9)
    joint.sum().backward()
    assert (eta.grad[2] == 0).all()


def test_no_patients_gives_zero_connected_to_the_graph() -> None:
    eta = torch.zeros(2, 0, requires_grad=True)
    loss = cox_efron(eta, torch.zeros(0, dtype=torch.bool), torch.zeros(0))
    assert loss.tolist() == [0.0, 0.0]
    loss.sum().backward()
