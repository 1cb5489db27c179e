"""The store's side: pairing, catalog, ledger and receipts."""
