"""`accelsim explore`: a local page on which a workload and one or two machines are moved.

    knobs      what of a machine may be moved, from where to where
    choices    the mechanisms, phases, models and machines to choose from
    state      what is chosen: a frozen value, to and from the query of a URL
    question   a state as names and settings, as the command line takes them
    answer     a state → what its machines take: the one function behind the page
    tables     an answer as rows: for people, and as CSV
    figures    an answer as figures
    controls   the state as sliders and lists
    layout     where everything stands
    server     the page on 127.0.0.1

All but the last three know nothing of the framework.
"""
