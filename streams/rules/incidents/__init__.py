"""What is owed? Decisions, receipts and time folded into the state of an incident."""
