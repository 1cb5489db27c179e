"""The commands of `python -m cart`, one module each: arguments in, exit status out."""
