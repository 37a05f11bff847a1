"""Measuring a library on a labelled data set."""
