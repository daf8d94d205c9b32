"""Who is on duty? Roles, rosters and swaps, at one instant. Pure."""
