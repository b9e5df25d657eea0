"""The HTML report of a finished run, made from its saved tables only; it never imports torch."""
