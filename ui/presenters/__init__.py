"""From a snapshot to what a screen shows, as plain values: no kivy, no clock, no decisions.

Every `present` is a pure function `(Snapshot, Words) -> page`. A presenter writes figures down; it
never adds, multiplies or rounds money.
"""
