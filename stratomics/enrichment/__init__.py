"""From predictions to whom the next trial should enrol, on saved tables or any data frame of scores. Never torch.

A trial (`trial`), effects in it (`effects`, `pseudo_outcomes`), what a score is worth (`rate`, `benefit_calibration`,
`evidence`), whom it would take (`cuts`, `threshold_table`, `cut_search`, `honest`), and the rule locked (`subgroup`).
The trial that follows: `design` by formula, `virtual` by simulated patients, `side_by_side` four designs for one
question.
Enrichment is always trial enrichment, never gene sets.
"""
