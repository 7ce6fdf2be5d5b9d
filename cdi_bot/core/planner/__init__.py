"""What to ask Braze next. Pure bookkeeping: `now` is an argument, nothing is asked or waited for here."""
