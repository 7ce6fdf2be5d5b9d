"""What people ask for: one method a question or change, answered with values of `answers`."""
