"""The API's paths, one resource a file."""
