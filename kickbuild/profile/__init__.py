"""What the user wants: the profile's model, its loader and its schema."""
