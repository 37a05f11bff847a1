"""Measures that need no judge. Pure functions over rankings, scores and labels; data sets are read elsewhere."""
