"""Threads, disk and wires around the mind; it must never decide what a shopper pays."""
