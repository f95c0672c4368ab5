"""What a network is trained to make small: margin heads, pair losses, and class sampling."""
