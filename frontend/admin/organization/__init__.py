"""The organisation: departments, who heads them and who belongs to them."""
