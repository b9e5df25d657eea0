"""Protein abundance; harmonized scale: log2, with minus infinity for below detection."""

from omics.modalities.modality import Modality
from omics.modalities.transforms import identity, log2_intensity

__all__ = ["PROTEOMICS"]

PROTEOMICS = Modality(
    "proteomics",
    {
        "intensity": log2_intensity,
        "log": identity,
        "numeric": identity,
    },
)
