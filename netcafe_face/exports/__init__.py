"""Writes visits and customers to files that other programs read, and reads visits back."""
