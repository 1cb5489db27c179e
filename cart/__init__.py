"""What a cart knows and decides, and the processes that run it."""
