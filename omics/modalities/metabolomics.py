"""Metabolite abundance; harmonized scale: logarithmic, with minus infinity for below detection."""

from omics.modalities.modality import Modality
from omics.modalities.transforms import identity, log2_intensity

__all__ = ["METABOLOMICS"]

METABOLOMICS = Modality(
    "metabolomics",
    {
        "intensity": log2_intensity,
        "log": identity,
        "numeric": identity,
    },
)
