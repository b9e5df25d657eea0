"""From factors to what a trial can use: groups of patients, small panels, and the biology of both."""
