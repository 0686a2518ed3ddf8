"""What the firm sets for all of its requests: rates, the business calendar, attachments, legal holds."""
