"""Counts to trusted milligrams: calibration, filter, settling. Pure; time comes with the samples.

Kept small and apart from all the rest, because this is what an inspector would read.
"""
