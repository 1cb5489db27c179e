"""The wire between a scale and the cart: bytes in, settled loads out. Knows nothing of carts."""
