"""Shared by the trainers.

Data and held-out splits: pairs, examples, folds, heldout, feedback. Figures: measure, curves, logistic. The run:
distributed, schedule, checkpoints. Results: registry, onnx_graph. Types of untyped packages: untyped.
"""
