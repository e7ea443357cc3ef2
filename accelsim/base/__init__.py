"""What knows nothing about hardware: errors, units, YAML with line numbers, records, expressions,
the catalogue of shipped files, and files that are written whole or not at all."""
