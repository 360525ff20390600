"""The Rebuild entry for each boot loader."""
