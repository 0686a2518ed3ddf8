"""The remote for approval requests: inbox, request form, detail with history."""
