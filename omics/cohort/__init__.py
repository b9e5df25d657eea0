"""From a folder with ``cohort.yaml``, or one ``.h5mu`` file, to one checked MuData."""
