"""A receipt as people and machines read it: JSON, paper, a web page, an e-receipt."""
