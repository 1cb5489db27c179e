"""Evidence to scored explanations to one of three outcomes: decide, wait or ask."""
