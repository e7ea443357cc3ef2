"""Results as one HTML file to hand on: no network, figures to move about in, tables to sort.

contents.py   what stands on the sheet, as data
results.py    tables and provenance as they lie on disk
axes.py       which columns name a row, and which are measured
declared.py   the figures that the study itself declared
choice.py     which figures a table is worth; served.py those of a simulated run
rows.py       a table as cells, and which rows of a long one
still.py      an interactive figure drawn for print
inputs.py     YAML texts and constants with their sources
status.py     how far the models used have been held against measurements
write.py      the door: RESULTS in, HTML out

report.html.jinja, report.css and report.js are what the sheet is written with.
"""
