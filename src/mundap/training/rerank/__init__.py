"""Models that order what was found: fit_ranker the light one, relearn what it may learn from, cross_encoder the close one, config their options."""
