"""What an iteration of a model takes on a system, by formula."""
