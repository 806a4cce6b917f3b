"""Spreadsheets: their cells as people see them, and where in a sheet the tables are."""
