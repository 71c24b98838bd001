"""What a changed prompt would change, before it is in force."""
