"""Evidence to decision: code, look and load change become scored explanations, then a verdict."""
