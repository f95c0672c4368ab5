"""Recognise enrolled customers of an internet café through its cameras, with their consent."""

__version__ = "0.1.0"
