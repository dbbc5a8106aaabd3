"""Tools: everything that touches processes, network and disk. Usable outside a graph."""
