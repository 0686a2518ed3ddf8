"""The remote for meetings and tasks."""
