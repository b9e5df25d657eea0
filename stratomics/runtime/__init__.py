"""Processes: threads, memory, logging, registered entries, and the versions and code that a run depends on."""
