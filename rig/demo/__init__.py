"""The demo store and its one shopping trip: catalog, scenario, and the command that plays it."""
