"""Trainers of retrievers.

Options: config. Static word vectors: static. Linear maps over existing vectors: adapter. Transformers: encoder with
transformer_encoder, e5 (the default base), batches, losses, denoise; fit_encoder (train and measure), export_encoder, loss_comparison.
"""
