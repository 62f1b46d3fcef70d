"""Health, status, metrics, the landing page and the API docs page."""
