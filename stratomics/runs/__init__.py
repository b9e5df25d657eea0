"""Run directories: how a finished run is saved, read, locked and verified."""
