"""The remote for customers: list, detail, forms, deletion and the recycle bin."""
