"""Every verb as one call: ``order``, ``apply``, ``verify``, ``report``, ``predict``, ``inspect``; a file for each."""
