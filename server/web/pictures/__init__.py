"""Pictures with their words: what a reader asked for, as a drawing and a table."""
