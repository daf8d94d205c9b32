"""The machine door: what other machines say to the system, beginning with the callbacks of providers."""
