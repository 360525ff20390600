"""What can go wrong with a kickstart that parses, and telling it."""
