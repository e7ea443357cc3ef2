"""Tables as figures to move about in: a frame in, a plotly figure out, one kind a file.

look.py      what all have in common: colours, fonts, markers, axes with their units
lines.py     a number over a number, a line each series
bars.py      a number for each name: side by side, or parts that add up
cloud.py     all rows of a table in two objectives, and their Pareto front
maps.py      a number over two axes: heat map, and contour map with regions
roofline.py  kernels under the ceilings of a machine

No function changes its frame, and none chooses rows: what it is given is what is seen. A column is
named as in the tables, its unit is its suffix's, and it is shown in the unit that is read most
easily. `figure.layout.meta["log"]` says which axes can be logarithmic.
"""
