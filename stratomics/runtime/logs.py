"""Logging by the standard library: one file per run, no values of patients above DEBUG, quiet libraries."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.ensemble.quiet import quiet_lightning
from stratomics.runtime.versions import PACKAGES

__all__ = ["quiet_libraries", "run_log", "warnings_disabled"]


class _LogFile(logging.FileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802  # the signature of logging
        """Raise the error of a full disk, where logging would print a traceback."""
        raise  # noqa: PLE0704  # logging calls this method inside an except block


@contextmanager
def run_log(path: Path) -> Iterator[None]:
    """Append the messages of our packages at INFO and above to `path` while the context lasts."""
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
def warnings_disabled() -> Iterator[None]:
    """Log nothing below ERROR while the context lasts.

    Tuning fits hundreds of models, and their warnings would repeat those of the final fit.
    """
    before = logging.root.manager.disable
    logging.disable(max(before, logging.WARNING))
    try:
        yield
    finally:
        logging.disable(before)


def quiet_libraries() -> None:
    """Silence advertisements of libraries, and warnings that do not apply to small cohorts."""
    quiet_lightning()
    # A gene has the same name in its copy-number view and its expression view; views are never joined by name.
    warnings.filterwarnings("ignore", ".*var_names are not unique.*")
    # tqdm warns in a notebook without ipywidgets; stratomics shows no such progress bars.
    warnings.filterwarnings("ignore", ".*IProgress not found.*")
