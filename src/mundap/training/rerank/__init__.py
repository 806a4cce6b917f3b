"""Trainers of rerankers: fit_ranker (the light one) with relearn (its examples), cross_encoder, and config, their options."""
