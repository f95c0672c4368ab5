"""Windows, pages, table models and the worker threads behind them."""
