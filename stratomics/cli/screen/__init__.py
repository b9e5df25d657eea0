"""What commands share: their options, and the lines and tables that they print."""
