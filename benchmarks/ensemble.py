"""Ten members trained together, compared with one member and with ten trained separately; equal epochs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from benchmarks.clock import alternate, cpu
from models.config import TrainerConfig
from models.ensemble.ensemble_module import EnsembleModule, MemberInputs, train
from models.ensemble.network import EnsembleNetwork, LinearPath
from models.heads.cox import CoxHead
from models.heads.head import SurvivalTarget
from stratomics.runtime.logs import quiet_libraries

MEMBERS, INPUTS, HIDDEN = 10, 30, 16
TRAINER = TrainerConfig()


def inputs(members: int, n: int) -> MemberInputs:
    """Simulate patients; each member is trained on nine tenths of them."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, INPUTS)).astype(np.float32)
    time = rng.exponential(np.exp(-x[:, 0]))
    event, zeros = rng.random(n) < 0.6, np.zeros(n)
    weight = (rng.random((members, n)) < 0.9).astype(np.float32)
    outcome = (event, time, event.astype(np.int64), zeros, zeros.astype(np.int64), weight)
    stacked = torch.from_numpy(x)[:, None].expand(-1, members, -1).contiguous()
    return MemberInputs(stacked, (SurvivalTarget(*map(torch.from_numpy, outcome)),))


def trained(members: int, data: MemberInputs) -> None:
    path = LinearPath(members, INPUTS, 1)
    network = EnsembleNetwork(members, INPUTS, INPUTS, HIDDEN, [path], seed=1)
    module = EnsembleModule(
        network, [CoxHead()], [torch.full((members, INPUTS), 0.1)], [torch.full((members,), 0.1)], TRAINER
    )
    train(module, data, seed=1)


def rows() -> Iterator[str]:
    torch.set_num_threads(1)
    quiet_libraries()
    for n in (250, 3_000):
        ten, one = inputs(MEMBERS, n), inputs(1, n)
        together, alone, ratio = alternate(
            lambda: cpu(lambda: trained(MEMBERS, ten)),  # noqa: B023  # called at once
            lambda: cpu(lambda: trained(1, one)),  # noqa: B023  # called at once
            runs=5,
        )
        yield (
            f"n {n:,}, {INPUTS} inputs: ten members {together:.2f} CPU s, one {alone:.2f}, ratio {ratio:.1f} "
            f"(ten trained separately: {10 * alone:.1f})"
        )
