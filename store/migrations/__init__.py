"""The steps that bring a store's database, of whatever age, to the tables of `store.tables`."""
