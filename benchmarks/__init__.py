"""Where the figures and the coefficients come from."""
