"""What is started in front of untrusted code: it limits, confines, watches and ends it. Standard library only."""
