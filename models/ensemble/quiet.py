"""Switch off the messages of Lightning that are not errors."""

from __future__ import annotations

import logging
import warnings

__all__ = ["quiet_lightning"]


def quiet_lightning() -> None:
    """Show the errors of Lightning, and none of its advice, which is meant for large data sets."""
    for name in ("pytorch_lightning", "lightning_fabric", "lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # Batches are in memory already: worker processes would only slow the training down.
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    # Lightning 2.6 uses an interface of torch's pytree that torch 2.13 deprecates.
    warnings.filterwarnings("ignore", ".*LeafSpec.*is deprecated.*")
