"""How the site is built: `make docs`, which writes docs/_build/. A warning is an error there.

Pages are all that a checkout tells: those here, README.md, and those of studies and benchmarks. A
link to one that is not there, or to a heading that it lacks, is a warning.
"""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS))

from reference import write_reference  # noqa: E402

project = "accelsim"
author = "the accelsim developers"
release = version_of("accelsim")

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "docs/index"
include_patterns = ["docs/**", "*.md", "studies/**", "benchmarks/**"]
exclude_patterns = ["docs/_build", "**/_build"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = "accelsim"
html_show_sphinx = False
html_show_copyright = False

autodoc_member_order = "bysource"
autodoc_typehints = "none"

write_reference(DOCS / "reference")
