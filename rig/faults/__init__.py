"""Faults between a cart and its store, one a row: real processes, a bad network, a recount."""
