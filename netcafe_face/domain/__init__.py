"""Customers, consent, embeddings, matches, seats and errors: frozen data and pure functions."""
