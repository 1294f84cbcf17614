"""A Table written as CSV, XLSX or GeoJSON, streamed. Pure: no Flask, no database."""
