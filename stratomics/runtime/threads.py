"""One BLAS thread per process: with cohorts of usual size, two threads cost more time than they save."""

from __future__ import annotations

import os

__all__ = ["use_one_thread"]

_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def use_one_thread() -> None:
    """Set one BLAS thread for this process and its child processes, before numpy is imported.

    Variables that the user has set keep their values.
    """
    for name in _VARIABLES:
        os.environ.setdefault(name, "1")
