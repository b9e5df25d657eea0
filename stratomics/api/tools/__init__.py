"""Parts of ``st.tl``: factors of new patients, gene sets, groups, neighbours; and ``st.twin``."""
