"""Any other table of numbers, used as it is."""

from omics.modalities.modality import Modality
from omics.modalities.transforms import cells_to_clr, identity

__all__ = ["GENERIC"]

GENERIC = Modality(
    "generic",
    {
        "numeric": identity,
        "binary": identity,
        "log": identity,
        "cells": cells_to_clr,
    },
)
