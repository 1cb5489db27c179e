"""Retail barcodes as likelihoods: regions, profiles, and the exact decoding of blurred bars."""
