"""What generation keeps in memory, computed from a model's sizes."""


# --8<-- [start:cache_bytes]
def cache_bytes(tokens: int, layers: int, key_value_heads: int, head_width: int, bytes_a_number: int = 2) -> int:
    """Bytes of the keys and values of one text: two vectors a token, for each layer and key-value head."""
    return 2 * tokens * layers * key_value_heads * head_width * bytes_a_number


# --8<-- [end:cache_bytes]
