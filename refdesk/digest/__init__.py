"""Issues of a digest: which are due, made, and delivered."""
