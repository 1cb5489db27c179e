"""The wire to the microcontroller; it must never know what a cart is."""
