"""The one origin that browsers see: session, navigation, and the composition of the remotes."""
