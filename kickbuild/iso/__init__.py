"""Reading installation media."""
