"""The database of customers, consents, templates and visits, and the in-memory index over it."""
