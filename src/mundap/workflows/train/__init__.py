"""Trainers as plain functions: a workspace, a file and a typed config in, a measured model with its card out."""
