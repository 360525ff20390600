"""Writing, adopting and parsing kickstart files."""
