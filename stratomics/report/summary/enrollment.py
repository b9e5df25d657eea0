"""Who should be enrolled, in plain words, from what an enrichment found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stratomics.report.card.line import span

__all__ = ["enrollment_answer"]

Content = Mapping[str, Any]

SURE = 0.05

COMMAND = "`stratomics enrich RUN`"


def enrollment_answer(answer: Content | None, *, arms: bool) -> tuple[str, list[str]]:
    """Give a verdict and its sentences.

    Parameters
    ----------
    answer
        Content of ``enrichment.json``; None where nobody asked.
    arms
        Whether the cohort has arms.

    Examples
    --------
    >>> enrollment_answer(None, arms=False)[0]
    'Cannot be said of one arm'
    """
    if answer is None:
        return _not_asked(arms)
    return _prognostic(answer) if "prognostic" in answer else _predictive(answer)


def _not_asked(arms: bool) -> tuple[str, list[str]]:
    if arms:
        return "Not asked yet", [
            f"This cohort has arms: {COMMAND} looks for those who benefit, and plans a trial of them."
        ]
    said = (
        "Nobody was treated otherwise, so that nothing here says who benefits. Whose outcome is worse can be said "
        f"(prognostic enrichment): {COMMAND}."
    )
    return "Cannot be said of one arm", [said]


def _prognostic(answer: Content) -> tuple[str, list[str]]:
    rows = answer["prognostic"]
    said = [
        "One arm: nothing here says who benefits. Patients of high predicted risk would make a trial smaller."
    ]
    everybody, half = rows[0], min(rows, key=lambda row: abs(row["share"] - 0.5))
    if everybody["rate"] is not None and half["rate"] is not None:
        said.append(
            f"Of everybody {everybody['rate']:.0%} have the event or response, of the {half['share']:.0%} of highest "
            f"predicted {answer['score'].replace('_', ' ')} {half['rate']:.0%}."
        )
    return "By prognosis only", said


def _predictive(answer: Content) -> tuple[str, list[str]]:
    row, search = answer["rows"][1 + answer["best"]], answer["search"]
    honest = row["inside"] if search is None else search["out_of_bag"]
    share = row["prevalence"]
    way = _way(honest, answer["measure"])
    sure = search is not None and search["p_adjusted"] is not None and search["p_adjusted"] < SURE
    if answer["randomised"] == "no":
        verdict = "Not settled: nobody was randomised"
    elif way < 0:
        verdict = "Nobody on this evidence"
    elif way > 0 and sure:
        verdict = f"The {share:.0%} of highest predicted benefit, to be confirmed"
    else:
        verdict = "Not settled: the evidence is weak"
    price = "" if search is None else ", after the optimism of choosing the cut"
    told = {
        1: "the interval speaks for benefit",
        0: "the interval does not tell it from no effect",
        -1: "the interval speaks of harm",
    }
    found = (
        f"Looked at: the {share:.0%} of highest predicted {answer['score']}, {answer['arms']}. "
        f"{answer['measure_label'].capitalize()} in them {_span(honest)}{price}: {told[way]}."
    )
    weight = f"{_sentence(answer['weight'].split(', for it:')[0])}. Whoever is chosen here wants a trial of his own."
    if search is not None and search["p_adjusted"] is not None:
        weight = f"A search of permuted scores finds as much with p {search['p_adjusted']:.2g}. {weight}"
    return verdict, [found, weight]


def _way(effect: Content | None, measure: str) -> int:
    """1 where the treated fare better, -1 worse, 0 where the interval holds no effect or there is none."""
    if effect is None or effect["low"] is None or effect["high"] is None:
        return 0
    ratio = measure == "hazard_ratio"
    nothing = 1.0 if ratio else 0.0
    if effect["low"] <= nothing <= effect["high"]:
        return 0
    return 1 if (effect["high"] < nothing) == ratio else -1


def _span(effect: Content | None) -> str:
    if effect is None or effect["estimate"] is None:
        return "not known"
    return span(effect)


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
