"""What several trainers share.

Questions and what is held out: pairs, examples, folds, heldout, feedback. Figures: measure, curves, logistic. The run:
distributed, schedule, checkpoints. What comes of it: registry, onnx_graph. untyped names values
of packages without types.
"""
