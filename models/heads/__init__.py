"""The table of heads, by the kind of endpoint each is for; a new one is one file and one line here."""

HEADS = {
    "survival": {
        "cox": "models.heads.cox:CoxHead",
    },
    "response": {
        "logistic": "models.heads.logistic:LogisticHead",
    },
}
