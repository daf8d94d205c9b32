"""Looking back in four ways that cannot be confused: what-if and playback write nothing, exercise and resend do."""
