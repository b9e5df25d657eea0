"""``stratomics ui``: finished runs side by side in a browser, on this machine alone. Never torch."""
