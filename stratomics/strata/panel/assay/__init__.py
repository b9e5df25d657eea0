"""The assay of a panel: what it costs, its noise, and bridges between platforms."""
