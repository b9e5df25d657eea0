"""How figures look: style, time axes, survival curves and forest plots, shared by the report and notebooks."""
