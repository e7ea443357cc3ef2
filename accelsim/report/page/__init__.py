"""`accelsim explore`: a local page on which a workload and one or two machines are moved.

    knobs         what of a machine may be moved, from where to where
    choices       the mechanisms, forms, models and machines to choose from
    state         what is chosen: a frozen value, to and from the query of a URL
    question      a state as names and settings, as the command line takes them
    prices        what an hour of a machine costs, and who says so
    answer        a state → what its machines take: the one function behind the page
    served        the same of a whole model that a system serves
    held          what a GPU holds of a whole transformer
    tables        an answer as rows: for people, and as CSV
    machine_text  a machine as YAML, with what was moved
    workload_text a workload as YAML, and the commands as a script
    ceilings      of a machine's roofline
    figures       an answer as figures; served_figures those of systems
    played        tiles as simulated, as a figure
    controlled    the controls' texts as a query; a state without what says nothing new
    controls      a state as lists and sliders
    results       an answer as it stands on the page; details what is folded away
    layout        where everything stands
    opening       names of the command line as a state
    server        the page on 127.0.0.1

All but controls, results, details, layout and server know nothing of the framework.
"""
