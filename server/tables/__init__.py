"""All that is stored: truth, reference, projections."""
