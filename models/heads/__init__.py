"""Registry of heads by kind of endpoint. A new head is one file and one line here.

Your code can register a head before a run: ``HEADS["survival"]["mine"] = "my_heads:MyHead"``.
"""

__all__ = ["HEADS"]

HEADS = {
    "survival": {
        "cox": "models.heads.cox:CoxHead",
        "logistic_hazard": "models.heads.logistic_hazard:LogisticHazardHead",
        "competing_risks": "models.heads.competing_risks:CompetingRisksHead",
        "weibull_mixture": "models.heads.weibull_mixture:WeibullMixtureHead",
    },
    "response": {
        "logistic": "models.heads.logistic:LogisticHead",
        "ordinal": "models.heads.ordinal:OrdinalHead",
        "multinomial": "models.heads.multinomial:MultinomialHead",
    },
}
