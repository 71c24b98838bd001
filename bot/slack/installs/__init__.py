"""Workspaces that install the app by themselves, by OAuth."""
