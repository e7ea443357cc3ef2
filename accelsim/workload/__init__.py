"""What is computed: cascades of Einsums, and what can be said of them without a machine."""
