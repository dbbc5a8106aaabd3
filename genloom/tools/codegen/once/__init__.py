"""A paid run starts once: the journal that outlives the process, and the create whose answer may be lost."""
