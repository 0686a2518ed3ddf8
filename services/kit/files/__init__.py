"""Files that people send: where they are kept, what they may be, who scans them."""
