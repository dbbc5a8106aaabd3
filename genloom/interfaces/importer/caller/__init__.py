"""What the code that imports a module shows of it."""
