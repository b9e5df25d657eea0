"""The four answers on the first page of the report, and the recommended next steps."""
