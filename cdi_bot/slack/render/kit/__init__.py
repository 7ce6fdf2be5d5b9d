"""What all renderers share: blocks, limits, text, languages, buttons, charts, and names of statuses."""
