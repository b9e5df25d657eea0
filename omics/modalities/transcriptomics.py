"""Gene, transcript and microRNA expression; harmonized scale: log2 counts per million."""

from omics.modalities.modality import Modality
from omics.modalities.transforms import identity, log_cpm

__all__ = ["TRANSCRIPTOMICS"]

TRANSCRIPTOMICS = Modality(
    "transcriptomics",
    {
        "counts": log_cpm,
        "log": identity,
        "numeric": identity,
    },
)
