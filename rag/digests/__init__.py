"""Digests: what of a period is shown, in which order, under which themes, and in which sentences."""
