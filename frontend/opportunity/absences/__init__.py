"""Absences and proxies: the page, its calendar and its form."""
