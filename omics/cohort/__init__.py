"""Reading of cohorts: a folder with ``cohort.yaml``, or one ``.h5mu`` file, becomes one checked MuData."""
