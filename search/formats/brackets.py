"""Titles that NLM puts in brackets because they are translations."""


def unbracketed(title: str) -> str:
    """``[A case of gout.]`` and ``[A case of gout].`` without their brackets; others unchanged."""
    inner = title.removesuffix(".").strip()
    if not (inner.startswith("[") and inner.endswith("]")):
        return title
    depth = 0
    for at, character in enumerate(inner):
        depth += (character == "[") - (character == "]")
        if depth == 0 and at < len(inner) - 1:
            return title
    return inner[1:-1].strip() + ("." if title.endswith(".") else "")
