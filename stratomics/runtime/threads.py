"""One BLAS thread a process: two cost more than they give at the size of a cohort."""

from __future__ import annotations

import os

__all__ = ["one_thread"]

_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def one_thread() -> None:
    """Ask for one thread before numpy is imported; the user's own setting stays; child processes inherit."""
    for name in _VARIABLES:
        os.environ.setdefault(name, "1")
