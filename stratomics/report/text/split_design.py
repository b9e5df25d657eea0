"""The design of a run in words: which patients trained the models that predicted which patients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["independence_sentence", "split_design", "split_sentence"]


def split_design(provenance: Mapping[str, Any]) -> str:
    """Name of the resampling design."""
    return str(provenance["design"].get("design", "kfold"))


def split_sentence(provenance: Mapping[str, Any]) -> str:
    """State which patients were predicted by models trained on which patients.

    Examples
    --------
    >>> split_sentence({"design": {"folds": 5, "repeats": 2}})
    '5-fold cross-validation, repeated 2 times.'
    """
    design, patients = provenance["design"], provenance.get("patients", {})
    kind = split_design(provenance)
    if kind == "leave_site_out":
        return "Leave-one-site-out: the patients of each site were predicted by models trained on all other sites."
    if kind == "part":
        return (
            f"{patients['evaluated']} test patients of the predefined split were predicted by models trained on its "
            "training patients."
        )
    if kind == "external":
        return (
            f"External validation: {patients['evaluated']} patients of another cohort, {provenance['evaluated_on']}, "
            f"were predicted by models trained on the {patients['trained']} patients of this cohort."
        )
    repeated = f", repeated {design['repeats']} times" if design["repeats"] > 1 else ""
    return f"{design['folds']}-fold cross-validation{repeated}."


def independence_sentence(provenance: Mapping[str, Any]) -> str:
    """State that no patient was predicted by a model trained on that patient."""
    if split_design(provenance) in {"part", "external"}:
        return "No evaluated patient was used for training."
    return "All predictions are out-of-fold predictions."
