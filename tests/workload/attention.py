"""Shipped cascades of plain attention, each with a causal form: their passes over the keys."""

ATTENTION = {
    "three_pass": 3,
    "deferred_division": 2,
    "two_pass": 2,
    "one_pass": 1,
    "rabe_staats": 1,
    "flash_attention_2": 1,
}
