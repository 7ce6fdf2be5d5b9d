"""What people type after `/cdi`: read into values, and printed again. Pure."""
