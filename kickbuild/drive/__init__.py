"""Which drive is which, and the places a rebuild drive can be made in."""
