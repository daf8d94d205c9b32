"""Where is it? A reported place matched to the policy's units, names and outlines."""
