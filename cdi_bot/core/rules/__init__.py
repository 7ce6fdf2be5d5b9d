"""One module an incident kind: when it opens, when it changes, when it ends. Pure."""
