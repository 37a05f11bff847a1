"""Stores: the catalog (the truth), the word index and the vectors (derived), and what keeps them consistent."""
