"""One module an incident kind: when it opens, changes and ends, and its record in the table of `kinds`. Pure."""
