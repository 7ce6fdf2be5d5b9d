"""What would have been told of a recorded past, by the functions that decide live."""
