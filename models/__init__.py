"""What the eyes know: barcodes and looks; it must never know what a cart is."""
