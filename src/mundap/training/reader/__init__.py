"""Which sentence answers, and whether any does.

Options: config. The reader: fit_reader with bearing (labels from recorded answers). The support threshold: fit_support with
conformal (its guarantee).
"""
