"""The survey's own logic, one topic a file; never imports Flask."""
