"""Sphinx on the folder that ``build.py`` writes; nothing here is run by hand."""

import sys
from importlib.metadata import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

ABOUT = metadata("sqtheory")
project = "sqtheory"
author = "The sqtheory developers"
version = release = ABOUT["Version"]

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "sphinx-mathjax-offline", "plain_docstrings"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
mathjax3_config = {"tex": {"macros": {"ensuremath": ["#1", 1]}}}
html_theme = "furo"
html_title = f"sqtheory {release}"
html_copy_source = False

autodoc_member_order = "groupwise"
autodoc_typehints = "none"  # signatures stay on one line; what a parameter is stands in the docstring
autodoc_preserve_defaults = False

nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 180
nb_execution_show_tb = True
nb_render_markdown_format = "myst"
nb_merge_streams = True
nb_ipywidgets_js: dict[str, object] = {}  # a slider without a kernel moves nothing, and its scripts need the network
