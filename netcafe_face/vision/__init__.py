"""Model packs, detection, alignment, quality, embedding: pictures in, faces out."""
