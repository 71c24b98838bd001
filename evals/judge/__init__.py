"""A model that answers rubrics, and how far it agrees with people."""
