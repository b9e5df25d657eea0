"""The table of heads, by the kind of endpoint each is for; a new one is one file and one line here.

One of your own needs no line here: ``HEADS["survival"]["mine"] = "my_heads:MyHead"`` before a run, in your own code.
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
