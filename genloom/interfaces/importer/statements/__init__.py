"""What asks for code: import statements and attribute expressions, read from the code that runs."""
