"""Who may do what: API keys, the principals that they stand for, and the secret that the server signs with."""
