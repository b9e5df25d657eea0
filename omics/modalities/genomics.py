"""Mutations, germline dosages, copy number, methylation, pharmacogenes; values stay interpretable."""

from omics.modalities.modality import Modality
from omics.modalities.transforms import beta_to_m, identity

__all__ = ["GENOMICS"]

GENOMICS = Modality(
    "genomics",
    {
        "binary": identity,
        "dosage": identity,
        "copy_number": identity,
        "numeric": identity,
        "beta": beta_to_m,
        "activity": identity,
    },
)
