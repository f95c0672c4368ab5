"""The session log and customer lists written as files."""
