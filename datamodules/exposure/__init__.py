"""Individual pharmacokinetics: from doses and levels to exposure with its uncertainty."""

__all__ = ["NOT_FOR_DOSING"]

NOT_FOR_DOSING = "For research; not for dosing of patients."
"""What every output about exposure says."""
