"""Who of new patients may be enrolled, by the rule that is locked: what ``stratomics predict`` adds to its table."""

from __future__ import annotations

import pandas as pd

from omics.common.errors import InputError, nearest
from stratomics.enrichment.selection.subgroup import Subgroup

__all__ = ["with_eligible"]


def with_eligible(patients: pd.DataFrame, rule: Subgroup, model: str | None = None) -> pd.DataFrame:
    """Add ``eligible`` and ``agreement`` to predictions of new patients.

    Parameters
    ----------
    patients
        A row per patient (and repeat), as a Prediction holds them: the score that the rule names, and ``SCORE_sd``, the
        spread of the ensemble around it. Where the rule abstains from who lacks a view, also ``complete``, bool.
    rule
        Of ``subgroup.json``.
    model
        Digest of the model that predicted; it must be the rule's. Not compared if left out.

    Returns
    -------
    DataFrame
        A copy with ``eligible``, and ``agreement``, the share of the ensemble's spread on the side of the verdict: .5
        where a coin would do. NaN of who has no score.

    Raises
    ------
    InputError
        If the score is absent, or another model made it.

    Examples
    --------
    >>> patients = pd.DataFrame({"sample_id": ["a", "b"], "benefit": [2.0, 0.9], "benefit_sd": [1.0, 1.0]})
    >>> with_eligible(patients, Subgroup("benefit", 1.0, missing="score"))[["eligible", "agreement"]].round(2)
       eligible  agreement
    0      True       0.84
    1     False       0.54
    """
    if rule.score not in patients:
        near = nearest(rule.score, map(str, patients.columns))
        raise InputError(f"the rule asks for '{rule.score}', which is not predicted; {near}")
    if model is not None and model != rule.model:
        raise InputError(
            f"the rule is locked to the model {rule.model[:12] or 'of nobody'}, and these predictions are by "
            f"{model[:12]}; its cut means nothing on another scale"
        )
    observed = None
    if rule.missing == "abstain":
        if "complete" not in patients:
            raise InputError(
                "the rule abstains from patients who lack a view, and the predictions do not say who does; add "
                "a column `complete`"
            )
        observed = patients["complete"].to_numpy(dtype=bool)
    spread = f"{rule.score}_sd"
    sd = patients[spread].to_numpy(dtype=float) if spread in patients else None
    evaluated = rule.eligible(patients[rule.score].to_numpy(dtype=float), sd, observed)
    return patients.assign(
        **{name: evaluated[name].to_numpy() for name in ("eligible", "agreement") if name in evaluated}
    )
