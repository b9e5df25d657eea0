"""Lightning kept from advertising itself."""

from __future__ import annotations

import logging
import warnings

__all__ = ["quiet_lightning"]


def quiet_lightning() -> None:
    """Leave its errors, and no advice that does not fit small cohorts."""
    for name in ("pytorch_lightning", "lightning_fabric", "lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # Batches come ready from memory, so worker processes would only slow them down.
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    # Lightning 2.6 asks torch 2.13 in an older way about its own trees.
    warnings.filterwarnings("ignore", ".*LeafSpec.*is deprecated.*")
