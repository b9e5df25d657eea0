"""The HTML report of a finished run, from its saved tables alone. Never torch."""
