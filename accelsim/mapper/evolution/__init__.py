"""The strategy that evolves a Pareto front of mappings, by NSGA-II."""
