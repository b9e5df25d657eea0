"""Cox loss with Efron's ties, forward and backward, compared with torchsurv."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec

import torch
from torch import Tensor

from benchmarks.clock import alternate, cpu
from models.losses.cox import cox_efron


def rows() -> Iterator[str]:
    if find_spec("torchsurv") is None:
        yield "torchsurv is not installed; install it (pip install torchsurv) and run again"
        return
    from torchsurv.loss.cox import neg_partial_log_likelihood

    torch.set_num_threads(1)
    for n, ties in ((1_000, None), (10_000, None), (100_000, None), (100_000, 1_000)):
        random = torch.Generator().manual_seed(0)
        eta = torch.randn(n, generator=random, requires_grad=True)
        time = torch.rand(n, generator=random).clamp_min(1e-6) * 1_000
        time = time if ties is None else (time * ties / 1_000).ceil()
        event = torch.rand(n, generator=random) < 0.5

        def both(loss: Callable[[], Tensor]) -> float:
            return cpu(lambda: loss().backward())

        ours, theirs, ratio = alternate(
            lambda: both(lambda: cox_efron(eta, event, time)),  # noqa: B023  # called at once
            lambda: both(lambda: neg_partial_log_likelihood(eta, event, time)),  # noqa: B023  # called at once
            runs=15,
        )
        ties_text = "no ties" if ties is None else f"{ties:,} distinct times"
        yield f"n {n:,}, {ties_text}: stratomics {ours:.4f} s, torchsurv {theirs:.4f} s, ratio {ratio:.2f}"
