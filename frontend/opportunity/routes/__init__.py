"""Approval routes: their versions, the editor, the trial and the simulation."""
