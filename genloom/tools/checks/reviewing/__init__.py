"""The deterministic review: what reading code shows, and what a policy makes of it."""
