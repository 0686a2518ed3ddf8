"""The remote for the four dashboards."""
