"""What two orders do to a tensor: errors, winners, and the channels through which order matters.

The entry is ``report.compare``; ``definition`` has the formulas, ``fused`` the same sums and counts in one fast pass,
and ``grid`` the rows of many masks and formats on many tensors, by the fast pass wherever it can.
"""
