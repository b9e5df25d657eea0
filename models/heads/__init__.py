"""The table of heads; a new one is one file and one line here."""

HEADS = {
    "cox": "models.heads.cox:CoxHead",
}
