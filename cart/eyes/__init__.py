"""The camera process: frames in, sightings out; frames must never leave it."""
