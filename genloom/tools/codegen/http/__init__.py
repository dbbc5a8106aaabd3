"""HTTP to the API's server: its address, one pool of connections, answers within bounds, failures as typed errors."""
