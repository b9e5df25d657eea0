"""What a folder of tables may be: a first ``cohort.yaml``, each guess with its reason."""
