"""What stands between a connection and a route: hosts and origins, sizes and times, keys, rates."""
