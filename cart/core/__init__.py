"""The pure mind of a cart: observations in, facts out; never a clock, a disk or a thread."""
