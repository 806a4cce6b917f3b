"""What the documentation site is built with, beside mkdocs: pages that are made of the code, and the heads of pages."""
