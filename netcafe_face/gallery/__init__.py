"""The gallery: the customer database, and the index that recognition searches."""
