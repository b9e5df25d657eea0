"""Taxa and pathways; harmonized scale: centred log-ratio."""

from omics.modalities.modality import Modality
from omics.modalities.transforms import clr, log_relative_to_clr

__all__ = ["MICROBIOME"]

MICROBIOME = Modality(
    "microbiome",
    {
        "counts": clr,
        "relative": clr,
        "log_relative": log_relative_to_clr,
    },
)
