"""Baskets and other engines to hold the pricing engine against. Never shipped."""
