"""People: who works here, what they may do, to whom they report, and what becomes of the work of who leaves."""
