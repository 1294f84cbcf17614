"""The doors: one small route each, who is asking, one way to say no."""
