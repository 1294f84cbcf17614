"""An office's register taken into an entity list: read, compared, applied, undone as a whole."""
