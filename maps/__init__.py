"""Villages and households on maps: distances, colours, pages. Pure: no Flask, no database."""
