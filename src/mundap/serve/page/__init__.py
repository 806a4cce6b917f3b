"""What visitors see in a browser: the page at /, the widget for other sites, and pictures of what an answer cites."""
