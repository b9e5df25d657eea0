"""Guess a first ``cohort.yaml`` for a folder of tables, and give the reason for each guess."""
