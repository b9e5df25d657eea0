"""The rationale of a prediction in words: an association within the model, never a cause."""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING

from stratomics.report.text.numbers import sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.survival.time_unit import TimeUnit
    from stratomics.explanation.result import (
        Change,
        FeatureReason,
        Neighbour,
        PatientDetails,
        Rationale,
        Reason,
    )

__all__ = ["folds_sentence", "headline", "rationale_lines", "reason_clause", "reference_sentence"]

QUANTITY = {"log hazard": "hazard", "log odds": "odds of a response"}
"""Scale of the prediction -> what contributions multiply."""

PREDICTED = {"log hazard": ("hazard is", "that"), "log odds": ("odds of a response are", "those")}

NUMBERS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

LARGE = 0.5
"""Distance from the reference on the log scale from which a prediction calls for reasons."""

HALF = 0.5
"""Share of this distance that reasons may leave open."""


def reference_sentence(patients: int, scale: str, folds: int) -> str:
    """Say what contributions are relative to, and how they are read.

    Parameters
    ----------
    patients
        Number of training patients in the reference.
    scale
        ``log hazard`` or ``log odds``.
    folds
        Number of outer folds whose models are compared; 0 for none.

    Returns
    -------
    str
        Some sentences.
    """
    word = QUANTITY[scale]
    models = "the members of the ensemble" + (f" and the models of {folds} outer folds" if folds else "")
    return (
        f"The reference is the mean prediction for {patients} training patients. Each contribution multiplies the "
        f"predicted {word}: x 2 doubles it, x 0.5 halves it, and the product of all contributions is the prediction "
        f"relative to the reference. The models compared are {models}, each fitted without a part of the patients; in "
        "brackets is a range of one standard deviation over them. Percentiles are among the training patients. "
        "Contributions describe what the model has learned. They do not say what would happen if a patient changed."
    )


def folds_sentence(folds: int, *, own: bool, primary: bool = True) -> str | None:
    """Say why stability does not include the outer folds; None if it does.

    Parameters
    ----------
    folds
        Number of outer folds whose models are compared.
    own
        Whether the patients are those of the cohort of the run.
    primary
        Whether the primary endpoint is explained.

    Returns
    -------
    str or None
        One sentence.
    """
    if folds:
        return None
    if not primary:
        return "Outer folds explain the primary endpoint; for others, stability is that of the members."
    if own:
        return (
            "This run has no explanations by its outer folds, which newer runs keep: stability is that of the members, "
            "and there is no importance; run again for both."
        )
    return (
        "A run keeps what its outer folds say about its own patients, not their models: for other patients, stability "
        "is that of the members."
    )


def headline(rationale: Rationale, unit: TimeUnit | None) -> str:
    """Compare the prediction of a patient with the reference and with the training patients.

    Parameters
    ----------
    rationale
        Of the patient.
    unit
        Unit of survival times; None for a response.

    Returns
    -------
    str
        One or two sentences.
    """
    ratio = exp(rationale.prediction - rationale.reference)
    place = "" if rationale.percentile is None else f" ({_percentile(rationale.percentile)})"
    what, whose = PREDICTED[rationale.scale]
    first = f"The predicted {what} {ratio:.2g} times {whose} of the reference{place}."
    if rationale.chance is None or rationale.reference_chance is None:
        return first
    chance = "a response"
    if rationale.time is not None:
        time = f"{rationale.time:.4g}" if unit is None else unit.text(rationale.time)
        chance = f"no event until {time}"
    chances = _chance(rationale.chance), _chance(rationale.reference_chance)
    return f"{first} The predicted probability of {chance} is {chances[0]}; that of the reference is {chances[1]}."


def rationale_lines(details: PatientDetails, unit: TimeUnit | None, informative: bool) -> list[str]:
    """Explain the prediction of a patient.

    Parameters
    ----------
    details
        Of the patient.
    unit
        Unit of survival times; None for a response.
    informative
        Whether out-of-fold predictions of the run were better than chance.

    Returns
    -------
    list of str
        Sentences: prediction, reasons for and against it, the rest, what is missing, similar patients, decision.
    """
    found, word = details.rationale, QUANTITY[details.rationale.scale]
    lines = [headline(found, unit)]
    if details.abstain:
        lines.append(f"The model abstains for this patient: {details.abstain}.")
    if informative:
        lines += _reasons(found)
    else:
        lines.append(
            "Out-of-fold predictions of this run are not better than chance, so that no reason is named."
        )
    lines += [
        f"View {view} is missing. Its values could multiply or divide the {word} by {exp(sd):.2g} (one standard "
        "deviation)."
        for view, sd in details.missing.items()
    ]
    lines += [f"View {view} is missing." for view in found.missing if view not in details.missing]
    if details.neighbours:
        near = "; ".join(_neighbour(one, unit) for one in details.neighbours)
        lines.append(f"Training patients with the most similar molecular profile (factors): {near}.")
    if details.decision:
        lines.append(_decision(details.decision, details.changes))
    return lines


def _reasons(found: Rationale) -> list[str]:
    """Reasons for and against, all views together, and the rest."""
    word = QUANTITY[found.scale]
    sides = ("higher", "lower") if found.prediction >= found.reference else ("lower", "higher")
    lines = []
    for side, reasons in zip(sides, (found.support, found.opposing), strict=True):
        named = "; ".join(reason_clause(reason) for reason in reasons)
        lines.append(f"For a {side} {word}: {named or 'no stable reason'}.")
    if found.views is not None:
        above = any(reason.kind == "view" for reason in (*found.support, *found.opposing))
        included = ", those above included" if above else ""
        lines.append(f"All views together{included}: {_effect(found.views)}.")
    lines.append(_rest(found))
    if found.ranks is not None:
        lines.append(
            "Agreement of the compared models on which covariates and views matter most: mean rank correlation "
            f"{found.ranks:.2f} (1 is full agreement)."
        )
    return lines


def reason_clause(reason: Reason) -> str:
    """Write one reason: value, place in training, size and range over the members.

    Parameters
    ----------
    reason
        A covariate or a view.

    Returns
    -------
    str
        A clause.
    """
    place = "" if reason.percentile is None else f" ({_percentile(reason.percentile)})"
    if reason.kind == "view":
        lies = "" if reason.percentile is None else f", contribution at {_percentile(reason.percentile)}"
        return f"view {reason.name}{lies}: {_effect(reason)}{_carried(reason.features)}"
    value = "not known" if reason.value is None else _value(reason.value)
    return f"{reason.name} {value}{place}: {_effect(reason)}"


def _effect(reason: Reason) -> str:
    low, high = exp(reason.contribution - reason.sd), exp(reason.contribution + reason.sd)
    return f"x {exp(reason.contribution):.2g} ({low:.2g} to {high:.2g})"


def _carried(features: Sequence[FeatureReason]) -> str:
    if not features:
        return ", from many features of which none is stable alone"
    return ", most from " + ", ".join(map(_feature, features))


def _feature(feature: FeatureReason) -> str:
    value = "" if feature.value is None else f" {_value(feature.value)}"
    place = "" if feature.percentile is None else f" ({_percentile(feature.percentile)})"
    alike = ""
    if feature.alike:
        alike = f" with {feature.alike} correlated feature{'s' * (feature.alike > 1)}"
    return f"{feature.name}{value}{place}{alike}"


def _rest(found: Rationale) -> str:
    """Everything that is not named, and how much of the prediction that is."""
    count = NUMBERS[found.unstable] if found.unstable < len(NUMBERS) else str(found.unstable)
    due = found.prediction - found.reference
    open_ = abs(due) > LARGE and found.other / due > HALF
    text = f"Everything else: x {exp(found.other):.2g}"
    if found.unstable:
        one = found.unstable == 1
        text += f". Of the covariates and views, {count} {'is' if one else 'are'} not stable and not named"
    return f"{text}.{' Most of this prediction has no stable reason.' if open_ else ''}"


def _neighbour(one: Neighbour, unit: TimeUnit | None) -> str:
    if one.time is not None:
        time = f"{one.time:.4g}" if unit is None else unit.text(one.time)
        return f"{one.sample_id} ({'event at' if one.event else 'no event until'} {time})"
    if one.response is None:
        return f"{one.sample_id} (outcome not known)"
    return f"{one.sample_id} ({'response' if one.response else 'no response'})"


def _decision(name: str, changes: Sequence[Change]) -> str:
    subject = sentence(name).removesuffix(".")
    if not changes:
        return (
            f"{subject}: no change of a single factor, within the range of training, would give another result of the "
            "model."
        )
    first = changes[0]
    return (
        f"{subject}: the smallest change that would give another result of the model is {_title(first.name)} at "
        f"{_value(first.changed)} in place of {_value(first.value)} ({first.size:.2g} standard deviations); the result "
        f"would be '{first.after or 'empty'}' in place of '{first.before or 'empty'}'."
    )


def _title(name: str) -> str:
    number = name.removeprefix("factor")
    return f"factor {number}" if number.isdigit() else name


def _chance(chance: float) -> str:
    """Write a probability; no prediction is certain."""
    if chance < 0.01:  # noqa: PLR2004  # one percent
        return "below 1%"
    return f"{chance:.0%}" if chance <= 0.99 else "above 99%"  # noqa: PLR2004  # 99 percent


def _value(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.3g}"


def _percentile(percent: float) -> str:
    return f"percentile {min(max(round(percent), 1), 99)}"
