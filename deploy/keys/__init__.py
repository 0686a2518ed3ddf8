"""Keys of an installation: which there are, where they are kept, and how one is replaced while everything runs."""
