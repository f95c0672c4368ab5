"""Where a data folder lies, its settings, its log and its one-instance lock."""
