"""The networks that turn crops into embeddings."""
