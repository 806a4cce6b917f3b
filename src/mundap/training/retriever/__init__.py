"""Models that find passages.

config: their options. static: vectors of words; adapter: two maps over vectors that are there. encoder: transformers, with transformer_encoder,
e5 (what they start from), batches, losses, denoise; fit_encoder from data to a measured model, export_encoder, compare.
"""
