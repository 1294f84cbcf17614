"""Villages and households on maps: points, distances, colours, pages. Pure: no Flask, no database."""
