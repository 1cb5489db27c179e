"""Attempts to get in where one does not belong, against a real broker, store and cart."""
