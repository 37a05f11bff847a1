"""
The served library: an HTTP API and pages for a browser, in one process, on the public `Library`.

Its packages are imported within the command alone, so that the other commands start as before.
"""
