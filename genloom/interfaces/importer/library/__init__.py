"""The generated modules of one anchor package, and what can be done with them."""
