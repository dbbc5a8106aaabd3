"""What one source file defines, imports and mentions, language by language."""
