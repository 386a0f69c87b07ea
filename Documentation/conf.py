# SPDX-License-Identifier: MIT
"""Sphinx settings: `sphinx-build -W Documentation build/html`."""
project = "NMC"
author = "The NMC authors"
copyright = author
extensions = []
exclude_patterns = ["man"]
html_theme = "alabaster"
html_theme_options = {"page_width": "72em", "description": "Software of a neuromorphic card"}
html_static_path = []
smartquotes = False
