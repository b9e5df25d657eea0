"""``stratomics ui``: finished runs in a browser, served on this machine only; it never imports torch."""
