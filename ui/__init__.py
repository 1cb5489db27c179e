"""The touchscreen: it shows snapshots and sends intents, and must never decide a price."""
