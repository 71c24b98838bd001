"""A report for each reader: JUnit, a summary and a comment for pull requests, a page for people."""
