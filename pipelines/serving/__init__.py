"""`tsernet serve`: the API, the page to look at, and the log of what was inspected."""
