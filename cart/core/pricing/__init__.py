"""What a basket costs, in integer minor units: prices, promotions, tax."""
