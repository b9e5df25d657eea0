"""What is said beside the explorer: what its numbers are, and are not."""

from __future__ import annotations

from stratomics.enrichment.effects.effect import Measure
from stratomics.enrichment.plan.trial_assumptions import TrialRequest

__all__ = ["explorer_sentences"]


def explorer_sentences(source: str, measure: Measure, request: TrialRequest, toxic: bool) -> list[str]:
    """Give sentences; `source` says where the effect that sizes the chosen cut comes from."""
    of_log, weighed = (
        (" (of its log)", "; sizes weigh the two by the events expected") if measure.ratio else ("", "")
    )
    said = [
        (
            "Every number was worked out beforehand and stands in explorer.json. The controls step through them, and "
            "nothing is interpolated."
        ),
        (
            f"Effects that trials are sized by: {source}. At other thresholds as much optimism is taken off, and the "
            "interval is widened in the same proportion. Whoever moves the threshold chooses too: the interval with "
            "all thresholds read at once is the one to believe."
        ),
        (
            f"The effect in those enrolled is the mean {measure.label}{of_log} of those truly inside and outside, in "
            f"the proportion in which the assay lets them in{weighed}. All comers are such a mean too, so that "
            "theirs moves with the threshold."
        ),
        (
            "Prevalence is of truly belonging inside, among the candidates to come: the odds of this cohort times a "
            "factor. It changes all comers too. Effects inside and outside are taken to stay as they are here."
        ),
        f"Power {request.power:g} at the one-sided level {request.alpha:g}, one look at the end.",
    ]
    if request.plan_for is not None:
        said.append("The effect that was asked for sizes the plan above; here what was found counts.")
    if toxic:
        said.append(
            "Benefit minus weight times toxicity is of those truly inside, whatever the assay. Its interval takes the "
            "two as unrelated."
        )
    return said
