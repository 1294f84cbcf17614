"""What phones speak: OpenRosa form lists, forms, files and submissions."""
