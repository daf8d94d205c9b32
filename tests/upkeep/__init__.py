"""The system looks after itself and the people it reaches."""
