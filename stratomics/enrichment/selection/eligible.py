"""Apply the locked rule to new patients: the columns that ``stratomics predict`` adds to its table."""

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
        One row per patient (and repeat), as in a Prediction: the score that the rule names, and ``SCORE_sd``, the
        standard deviation of the ensemble. Where the rule abstains if a view is missing, also ``complete``, bool.
    rule
        The rule of ``subgroup.json``.
    model
        Digest of the model that made the predictions; it must be the model of the rule. Not compared if left out.

    Returns
    -------
    DataFrame
        A copy with ``eligible``, and ``agreement``, the share of the ensemble's distribution on the same side of the
        cut as the score: .5 means that the ensemble is undecided. NaN where there is no score.

    Raises
    ------
    InputError
        If the score is absent, or comes from another model.

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
        raise InputError(f"the rule needs '{rule.score}', which is not predicted; {near}")
    if model is not None and model != rule.model:
        raise InputError(
            f"the rule is locked to the model {rule.model[:12] or '(none)'}, and these predictions come from "
            f"{model[:12]}; its cut has no meaning on another scale"
        )
    observed = None
    if rule.missing == "abstain":
        if "complete" not in patients:
            raise InputError(
                "the rule abstains from patients who lack a view, and the predictions do not state who does; add "
                "a column `complete`"
            )
        observed = patients["complete"].to_numpy(dtype=bool)
    spread = f"{rule.score}_sd"
    sd = patients[spread].to_numpy(dtype=float) if spread in patients else None
    evaluated = rule.eligible(patients[rule.score].to_numpy(dtype=float), sd, observed)
    return patients.assign(
        **{name: evaluated[name].to_numpy() for name in ("eligible", "agreement") if name in evaluated}
    )
