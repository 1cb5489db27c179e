"""How codes are written: GS1 identifiers, links, coupons, store labels; facts as tables.

Nothing here asks a catalog, a clock or a network; `cart.core.codes` says what a code means in a
store, `reading` says all that the code itself says.
"""
