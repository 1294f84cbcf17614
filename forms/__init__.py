"""XLSForms and what phones send: compiled, read and checked. Pure: no Flask, no database."""
