"""The bench: resource, protocol, driver, strategy; one small file each, so real hardware can join.

A resource is what is plugged in, a protocol how to talk to it, a driver turns both into figures, a
strategy decides what to measure and what is good enough.
"""
