"""What happens before anything else is imported: packages, libraries, display. Standard library only."""
