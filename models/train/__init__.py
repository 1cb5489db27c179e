"""How the files in `models/weights` were made; must never be imported at run time."""
