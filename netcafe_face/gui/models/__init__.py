"""What the tables and lists of the window show, apart from how they look."""
