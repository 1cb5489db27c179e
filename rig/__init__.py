"""Worlds to test in; nothing that ships on a cart may import it."""
