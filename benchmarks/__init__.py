"""What the atlas costs: start of Python, redraws, bytes of a page, build times."""
