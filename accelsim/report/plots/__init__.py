"""Figures of results tables: `accelsim plot FIGURE RESULTS`, one figure a file.

catalogue.py   what there is, and the columns that each needs; loads no library
columns.py     what a figure reads off its table: runs, units, sources
plotted.py     the door: tables, figure → PNG, SVG and what was drawn, as CSV
"""
