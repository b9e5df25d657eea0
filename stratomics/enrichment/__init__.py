"""Trial enrichment: from predictions to the patients whom the next trial should enrol, and the design of that trial.

`effects` estimates effects of treatment, `selection` chooses a subgroup, `plan` sizes the trial that follows with
`design` (formulas) and `virtual` (simulated trials). `analysis` and `run_analysis` run all of it on a table or a run,
`result` holds the result, `store` writes and reads it. Nothing here imports torch. Gene sets are another subject.
"""
