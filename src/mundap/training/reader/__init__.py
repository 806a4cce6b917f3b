"""Which sentence answers, and whether any does.

config: their options. fit_reader with bearing (which sentences bear an answer out); fit_support with conformal (what is promised of it).
"""
