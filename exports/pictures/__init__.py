"""Pictures of figures: drawn here, as SVG and PNG, each with its numbers as a Table."""
