"""What is shown: figures for papers and the page of a report."""
