"""Planning, making, recording and verifying a rebuild drive."""
