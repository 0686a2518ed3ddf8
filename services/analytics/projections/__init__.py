"""The read models: what the events of the other services say, kept so that any past instant can be asked about."""
