"""The pure mind of a cart: observations in, facts out; it must never touch clock, disk or thread."""
