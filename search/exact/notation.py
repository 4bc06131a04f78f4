"""The signs of expressions in half width: Japanese keyboards produce others."""

# One character for one, so that offsets stay: what Japanese keyboards produce for the notation.
_HALF_WIDTH = str.maketrans(
    {
        **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
        **dict.fromkeys("“”„‟「」", '"'),
        "\u3000": " ",
        "\u2217": "*",
    }
)


def half_width(expression: str) -> str:
    """The expression with the signs of the notation as the grammar knows them, same length."""
    return expression.translate(_HALF_WIDTH)
