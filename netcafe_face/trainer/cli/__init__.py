"""The trainer's commands: thin, and torch is imported when one is run."""
