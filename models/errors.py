"""The one exception of this room: a picture, a weight file or a gallery that cannot be used."""

from __future__ import annotations


class ModelError(Exception):
    """A file of ours is damaged, foreign or unreadable; the message names it and what to do."""
