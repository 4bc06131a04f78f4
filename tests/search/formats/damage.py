"""Accidents that happen to files."""

import random
import re

# What hurts most, beside random bytes: marks, limits, control characters, entities.
TOKENS = (
    b"<", b">", b"&", b"\0", b"\xff", b"\x1b", b"]]>", b"<![CDATA[", b"<!--", b"<?", b"&l;", b'"',
    b"{", b"}", b"[", b"\\", b"\\ud800", b"1e999", b"<a>" * 300, b"{" * 300, b"\xef\xbb\xbf",
    b"TY  - ", b"ER  - ", b"\r", b"\n\n", b"PMID- 9", b"@article{", b"%0 J", b"PT J\n",
    b"</record>", b"</entry>", b"</front>", b"</PubmedArticle>", b"&#xD800;", b"&#99999999;",
    "\u3000\u202e肺".encode(), "肺炎".encode("cp932"), "肺炎".encode("utf-16"),
)  # fmt: skip
TAG = re.compile(rb"</?[A-Za-z_:-]+|\"[^\"\n]{1,40}\"")


def damaged(data: bytes, seed: int, times: int) -> bytes:
    """``data`` after ``times`` accidents: bytes changed, cut out, repeated, swapped, put in."""
    chance = random.Random(seed)
    for _ in range(times):
        if not data:
            break
        at = chance.randrange(len(data))
        until = min(len(data), at + chance.choice((1, 3, 30, 300)))
        accident = chance.randrange(7)
        if accident == 0:
            data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
        elif accident == 1:
            data = data[:at] + data[until:]
        elif accident == 2:
            data = data[:until] + data[at:until] * chance.choice((1, 2, 20)) + data[until:]
        elif accident == 3:
            data = data[:at] + chance.choice(TOKENS) + data[at:]
        elif accident == 4:
            lines = data.splitlines(keepends=True)
            del lines[chance.randrange(len(lines))]
            data = b"".join(lines)
        elif accident == 5:
            tags = list(TAG.finditer(data))
            if len(tags) > 1:
                one, other = sorted(chance.sample(tags, 2), key=lambda m: m.start())
                data = (
                    data[: one.start()]
                    + other.group()
                    + data[one.end() : other.start()]
                    + one.group()
                    + data[other.end() :]
                )
        else:
            data = data[:at] if chance.random() < 0.5 else data[at:]
    return data
