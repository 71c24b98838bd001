"""What to change next: the smallest tier that works, why cases fail, cases from real conversations."""
