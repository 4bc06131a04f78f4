"""Old and variant forms of kanji, to the forms of today: 國 to 国, 頚 to 頸, 靱 to 靭.

joyokanji (maintained, the official table of 1981 and 2010 with the common variants) gives the
jōyō kanji; what medicine needs beyond them stands here.
"""

from functools import cache

# No py.typed marker, though it is typed.
from joyokanji import convert  # type: ignore[import-untyped]

# Old forms that joyokanji leaves out.
_OLD_FORMS = (
    "辨瓣辯龜濵邉內脫說敎靑淸戶稅銳閱悅吳姬頰塡剝嚙",
    "弁弁弁亀浜辺内脱説教青清戸税鋭閲悦呉姫頬填剥噛",
)
# Forms of one word that dictionaries, journals and word processors choose between.
_VARIANTS = (
    "頚囊鹼繫搔攪欝廻彎靱膣鼡軀痹蠟顚礙碍潅麪餠蟬鷗瀆禱醬麴簞籠齲𠮷",
    "頸嚢鹸繋掻撹鬱回弯靭腟鼠躯痺蝋顛障障灌麺餅蝉鴎涜祷醤麹箪篭う吉",
)


def new_forms(text: str) -> str:
    """``text`` with every old or variant form replaced; length and positions stay the same."""
    return text if text.isascii() else text.translate(_table())


@cache
def _table() -> dict[int, int]:
    table = {}
    # Kanji, then the compatibility ideographs.
    for code in (*range(0x3400, 0xA000), *range(0xF900, 0xFB00)):
        converted: str = convert(chr(code), variants=True)
        if converted != chr(code):
            table[code] = ord(converted)
    return table | str.maketrans(*_OLD_FORMS) | str.maketrans(*_VARIANTS)
