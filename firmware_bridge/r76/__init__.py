"""The R76 / Handbook 44 sequence on a bench: what is measured, by what limit, and the report.

It knows a scale by its driver and a load placer by its command; it must never know what is behind
either of them.
"""
