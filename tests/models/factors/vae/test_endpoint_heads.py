"""Heads of endpoints: residuals, patients without the endpoint, endpoints without enough data."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest
import torch
from simulated_views import prognostic_views, survival_of, with_endpoints

from models.factors.vae.endpoint_heads import EndpointHead, EndpointHeads, trainable_endpoints
from models.linear.cox_net import CoxLikelihood
from omics.cohort.endpoints import Survival


def test_residuals_of_survival_equal_those_of_the_cox_solver() -> None:
    batch, _ = prognostic_views(50, 0, p=5)
    endpoint = survival_of(batch)
    expected = -CoxLikelihood(endpoint.event, endpoint.time).gradient(np.zeros(50)) / endpoint.event.mean()
    np.testing.assert_allclose(EndpointHead(endpoint, batch, 2).residuals(), expected, atol=1e-6)


def test_patients_without_the_endpoint_have_residual_0_and_no_loss() -> None:
    batch, _ = prognostic_views(30, 0, p=5)
    seen = np.arange(30) < 20
    for endpoint in batch.endpoints.named.values():
        part = replace(endpoint, observed=seen)
        if isinstance(part, Survival):
            part = replace(part, event=part.event & seen, time=np.where(seen, part.time, np.nan))
        head = EndpointHead(part, batch, 2)
        few = EndpointHead(part.take(np.arange(20)), batch.take(np.arange(20)), 2)
        assert (head.residuals()[20:] == 0).all()
        mean = torch.randn(30, 2, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            for network in (head.path, few.path):
                network.weight.fill_(0.5)
        all_rows, few_rows = torch.arange(30), torch.arange(20)
        torch.testing.assert_close(head(mean, all_rows), few(mean[:20], few_rows))


def test_an_endpoint_without_events_has_no_loss(caplog: pytest.LogCaptureFixture) -> None:
    batch, _ = prognostic_views(20, 0, p=5)
    no_event = np.zeros(20, dtype=bool)
    censored = with_endpoints(batch, os=replace(survival_of(batch), event=no_event))
    with caplog.at_level(logging.INFO):
        assert trainable_endpoints(censored) == []
    assert "endpoint 'os' has no events" in caplog.text
    heads = EndpointHeads(censored, ["os"], 2, 1.0)
    assert (heads.residuals() == 0).all()
    assert heads(torch.ones(20, 2), torch.arange(20)).item() == 0
