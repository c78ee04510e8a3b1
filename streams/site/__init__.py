"""What every room needs to know of this installation: settings, the data folder, errors, metrics."""
