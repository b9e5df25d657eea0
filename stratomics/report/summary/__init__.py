"""The first page of the report: its four answers and the next steps."""
