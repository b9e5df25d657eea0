"""Sentences and formatted numbers that the command line, the report and the browser pages share."""
