"""What the eyes know: barcodes and looks; it must never know what a cart is, nor send anything."""

import os

# The wheels of onnxruntime report to their maker and keep a number of the device and a
# queue of events in the home folder, unless told otherwise before the library is first imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
