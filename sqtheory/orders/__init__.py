"""What two orders do to a tensor: errors, winners, and the channels through which order matters."""
