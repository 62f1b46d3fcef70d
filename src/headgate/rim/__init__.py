"""The edge of the management API: routes with a declared right, one transaction per request, errors, pages."""
