"""``st.Panel``: a small locked panel, learned, stored and used in Python."""

from __future__ import annotations

from stratomics.strata.panel.panel import LockedPanel as Panel

__all__ = ["Panel"]
