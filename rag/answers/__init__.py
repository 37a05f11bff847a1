"""Answers: made of the papers' own sentences, or an abstention."""
