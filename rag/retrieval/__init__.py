"""From a question to ranked papers and evidence sentences."""
