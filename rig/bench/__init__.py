"""Speed and memory: figures with a baseline from the same run, never a pass or a fail."""
