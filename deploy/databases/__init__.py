"""Databases and roles of an installation."""
