"""Benchmarks: they measure the figures of docs/evaluation.md and fit the coefficients of `rag`."""
