"""How well an embedder tells people apart, and how sure that is."""
