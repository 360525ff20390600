"""What is true of each distribution release."""
