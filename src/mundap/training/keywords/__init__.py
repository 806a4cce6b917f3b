"""Trainers of keyword models: config (options), seq2seq (a BART that writes keywords), bart (one from scratch), samples (output for review),
onnx_export, and synonym_mining.
"""
