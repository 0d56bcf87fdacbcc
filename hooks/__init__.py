"""What turns the Markdown of `docs/` into the atlas: small files, one job each.

`atlas.py` is the only file that knows MkDocs; the others are functions of text, files and front matter.
"""
