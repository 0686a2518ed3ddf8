"""The event stream as an operator sees it: what flows, how far consumers are behind, what they could not apply."""
