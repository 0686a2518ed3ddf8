"""Every setting of every process, from the classes that read them."""
