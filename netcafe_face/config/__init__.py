"""Paths, settings and the one-instance lock of a data folder."""
