"""Results as pictures: a table in, a figure out, one kind of figure a file.

spec.py                          what to draw, as data: the `figures` of a study
style.py  sheet.py               one look: colours and numbers; title, legend and caption
selection.py  measure.py         which rows; beside which baseline
bars.py  breakdown.py  pareto.py the kinds of figure
timeline.py                      a simulated trace as bars over time
serving.py                       a served run: lanes of a window, batch size and tokens a second
save.py                          the door: every figure of a study as PNG and SVG
"""
