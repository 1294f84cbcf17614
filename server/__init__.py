"""The doorstep server: web doors, the survey's own logic, and what is stored."""
