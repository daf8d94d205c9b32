"""What other rules would have done with what happened: decisions compared, ladders climbed again. Pure."""
