"""Logging by the standard library: a file in every run, no patient value above DEBUG, quiet libraries."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.ensemble.quiet import quiet_lightning

__all__ = ["quiet_libraries", "run_log", "silenced"]

PACKAGES = ("omics", "datamodules", "models", "stratomics")


class _LogFile(logging.FileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802  # as logging has it
        """Let a full disk be met here as anywhere else, in place of a traceback on the screen."""
        raise  # noqa: PLE0704  # called while the error is handled


@contextmanager
def run_log(path: Path) -> Iterator[None]:
    """Add what our packages log at INFO and above to `path`."""
    handler = _LogFile(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.setLevel(logging.INFO)
    for name in PACKAGES:
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).setLevel(logging.INFO)
    try:
        yield
    finally:
        for name in PACKAGES:
            logging.getLogger(name).removeHandler(handler)
        handler.close()


@contextmanager
def silenced() -> Iterator[None]:
    """Let nothing below an error be logged: of a fit among hundreds, which others of its kind will say once."""
    before = logging.root.manager.disable
    logging.disable(max(before, logging.WARNING))
    try:
        yield
    finally:
        logging.disable(before)


def quiet_libraries() -> None:
    """Keep libraries from advertising themselves, and from advice that does not fit small cohorts."""
    quiet_lightning()
    # A gene has one name in its copy-number and its expression view; views are never joined by name.
    warnings.filterwarnings("ignore", ".*var_names are not unique.*")
    # tqdm says so in a notebook without ipywidgets, whose bars nobody here asked for.
    warnings.filterwarnings("ignore", ".*IProgress not found.*")
